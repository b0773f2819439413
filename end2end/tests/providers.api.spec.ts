// An app and an independent provider: the person proves themselves in a browser, the app exchanges two codes.
import { request as newRequest } from '@playwright/test';
import { expect, test } from './idp';

test('an app gets one session for its two codes', async ({ vestibule, idp }) => {
  const headers = { accept: 'application/json' };
  const app = await newRequest.newContext({ baseURL: vestibule.publicUrl, extraHTTPHeaders: headers });
  const back = encodeURIComponent(`${vestibule.publicUrl}/welcome`);
  const start = `/self-service/registration/api?return_session_token_exchange_code=true&return_to=${back}`;
  const flow = await (await app.get(start)).json();
  const sent = await app.post(flow.ui.action, { data: { method: 'oidc', provider: 'acme' } });
  expect(sent.status()).toBe(422);
  const { redirect_browser_to: there } = await sent.json();
  expect(there).toContain(`${idp.issuer}/auth?`);

  const browser = await newRequest.newContext();
  const page = await browser.get(there);
  const landed = await browser.post(page.url(), { form: { login: 'carla' } });
  const code = new URL(landed.url()).searchParams.get('code');
  const exchange = `/sessions/token-exchange?init_code=${flow.session_token_exchange_code}&return_to_code=${code}`;
  const got = await app.get(exchange);
  expect(got.status()).toBe(200);
  const { session_token: token, session } = await got.json();
  expect(session.identity.traits.email).toBe('carla@example.org');
  expect(session.identity.verifiable_addresses[0].verified).toBe(true);
  expect((await app.get('/sessions/whoami', { headers: { 'x-session-token': token } })).status()).toBe(200);
  expect((await app.get(exchange)).status()).toBe(404);
  await browser.dispose();
  await app.dispose();
});
