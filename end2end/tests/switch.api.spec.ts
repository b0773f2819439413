// The switch as single-page and native apps meet it, and what the console refuses to strangers.
import { request as newRequest } from '@playwright/test';
import { test, expect } from './fixtures';
import { PASSWORD } from './visitor';
import type { Vestibule } from './vestibule';

const JSON_HEADERS = { accept: 'application/json' };

/** As `fetch` with credentials does it: cookies and a CSRF token. */
async function spa(vestibule: Vestibule, email: string) {
  const request = await newRequest.newContext({ baseURL: vestibule.publicUrl, extraHTTPHeaders: JSON_HEADERS });
  const flow = await (await request.get('/self-service/registration/browser')).json();
  const csrf = flow.ui.nodes.find((node: any) => node.attributes.name === 'csrf_token').attributes.value;
  const data = { method: 'password', csrf_token: csrf, password: PASSWORD, traits: { email } };
  const answer = await request.post(flow.ui.action, { data });
  const whoami = await request.get('/sessions/whoami');
  const result = { status: answer.status(), body: await answer.json(), whoami: whoami.status() };
  await request.dispose();
  return result;
}

async function native(vestibule: Vestibule, email: string) {
  const request = await newRequest.newContext({ baseURL: vestibule.publicUrl, extraHTTPHeaders: JSON_HEADERS });
  const flow = await (await request.get('/self-service/registration/api')).json();
  const answer = await request.post(flow.ui.action, {
    data: { method: 'password', password: PASSWORD, traits: { email } },
  });
  const body = await answer.json();
  const whoami = await request.get('/sessions/whoami', { headers: { 'x-session-token': body.session_token ?? 'none' } });
  const result = { status: answer.status(), body, cookies: answer.headers()['set-cookie'], whoami: whoami.status() };
  await request.dispose();
  return result;
}

test('single-page and native apps follow the switch: off, on, off', async ({ admin, vestibule }) => {
  await admin.signInAndOpenSettings();
  for (const [round, on] of [false, true, false].entries()) {
    if (round > 0) await admin.setSignInAfterRegistration(on);
    const page = await spa(vestibule, `spa${round}@example.org`);
    expect(page.status).toBe(200);
    expect(page.whoami).toBe(on ? 200 : 401);
    expect('session' in page.body).toBe(on);
    const app = await native(vestibule, `app${round}@example.org`);
    expect(app.status).toBe(200);
    expect(app.whoami).toBe(on ? 200 : 401);
    expect('session_token' in app.body).toBe(on);
    expect(app.cookies).toBeUndefined();
  }
});

test('the console takes no POST from elsewhere', async ({ vestibule }) => {
  const request = await newRequest.newContext({ baseURL: vestibule.consoleUrl });
  for (const origin of ['https://evil.example', 'null', vestibule.publicUrl]) {
    const answer = await request.post('/settings/authentication', { headers: { origin }, form: { action: 'save' } });
    expect(answer.status(), origin).toBe(403);
  }
  await request.dispose();
});

test('the public port has nothing of the console', async ({ vestibule }) => {
  const request = await newRequest.newContext({ baseURL: vestibule.publicUrl });
  for (const path of ['/settings/authentication', '/api/settings/authentication', '/setup']) {
    const answer = await request.post(path, { form: { action: 'save' } });
    expect(answer.status(), path).toBe(404);
  }
  await request.dispose();
});
