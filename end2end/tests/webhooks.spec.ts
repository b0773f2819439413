// Web hooks as the console shows them: what they can do, what became of their calls, and trying one out.
import { test, expect } from './fixtures';
import { isSignedBy, Sink } from './sink';

// Nothing listens there: every call fails, and that is to be seen.
const URL = 'http://127.0.0.1:9/new';
const body = `base64://${Buffer.from('function(ctx) { mail: ctx.identity.traits.email }').toString('base64')}`;

const OF_A_FILE = {
  selfservice: { flows: { registration: { after: { password: { hooks: [
    { hook: 'web_hook', config: { url: URL, method: 'POST', body, response: { ignore: true } } },
    { hook: 'session' },
  ] } } } } },
};

test.describe('from a file', () => {
  test.use({ config: OF_A_FILE });

  test('a hook is named by its outcome, its failed call is seen, and a test shows first and sends second', async ({ admin, visitor }) => {
    await admin.signInAndOpenSettings();
    await admin.page.getByRole('link', { name: 'Webhooks' }).click();
    await expect(admin.heading()).toHaveText('Webhooks');
    const hook = admin.page.locator('.actions article');
    await expect(hook).toContainText('Notify');
    await expect(hook).toContainText('Runs in the background after sign-up (password)');
    await expect(hook).toContainText('No calls yet');

    const anna = await visitor();
    await anna.register('anna@example.org');
    await expect(async () => {
      await admin.goto('/webhooks');
      await hook.getByRole('link').click();
      await expect(admin.page.getByTestId('call').first()).toContainText('Failed, retrying', { timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await expect(admin.page.getByTestId('failure').first()).toContainText("127.0.0.1 can't be reached");

    await admin.page.getByRole('button', { name: 'Send a test' }).click();
    await expect(admin.page.getByTestId('output')).toContainText('anna@example.org');
    await admin.page.getByRole('button', { name: 'Send test request' }).click();
    await expect(admin.status).toContainText('Test request sent');
    await expect(admin.page.getByTestId('call')).toHaveCount(2);
    await expect(admin.page.getByTestId('call').first()).toContainText('test');
  });
});

test.describe('made in the console', () => {
  test.use({ config: { vestibule: { web_hooks: { allowed_hosts: ['127.0.0.1'] } } } });

  test('a hook is made by the form, called with a signature, and not any more once it is switched off', async ({ admin, visitor, complaints }) => {
    // Forms that come back with something to mend.
    complaints.expect(/status of 422/);
    const sink = await Sink.start();
    await admin.signInAndOpenSettings();
    await admin.page.getByRole('link', { name: 'Webhooks' }).click();
    await admin.page.getByRole('link', { name: 'Create webhook' }).click();
    await expect(admin.heading()).toHaveText('New webhook');
    await admin.page.getByLabel('Name', { exact: true }).fill('crm');
    await admin.page.getByLabel('URL').fill('http://127.0.0.2/new');
    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#url-problem')).toContainText('may not call 127.0.0.2 yet');
    await expect(admin.page.getByLabel('Name', { exact: true })).toHaveValue('crm');
    await admin.page.getByLabel('URL').fill(`${sink.url}/new`);

    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#previewed')).toContainText('Webhook crm: created (Inform, at sign-up');
    await expect(admin.page.getByTestId('output')).toContainText('test@example.org');
    const step = admin.page.locator('.panel:visible .steps > li.new');
    await expect(step).toContainText('Call crm');

    await admin.page.locator('#save').click();
    const secret = await admin.page.getByTestId('secret').inputValue();
    expect(secret).toMatch(/^whsec_/);
    await admin.page.getByRole('link', { name: 'Done' }).click();
    const hook = admin.page.getByTestId('hook-crm');
    await expect(hook).toContainText('Runs in the background after sign-up (password)');
    await expect(hook).toContainText('Signing secret: ••••');
    expect(await admin.page.content()).not.toContain(secret.slice(6));

    await (await visitor()).register('anna@example.org');
    await expect.poll(() => sink.calls.length).toBe(1);
    const [call] = sink.calls;
    expect(call.path).toBe('/new');
    expect(JSON.parse(call.body).identity.traits.email).toBe('anna@example.org');
    expect(isSignedBy(call, secret)).toBe(true);

    await hook.getByRole('button', { name: 'Turn off' }).click();
    await expect(admin.status).toContainText('Saved as revision 2');
    await expect(hook).toContainText('Off: it isn’t called at sign-up.');
    await (await visitor()).register('bert@example.org');
    // One that is called all the same would have been by the time another one is.
    await hook.getByRole('button', { name: 'Turn on' }).click();
    await expect(admin.status).toContainText('Saved as revision 3');
    await (await visitor()).register('cleo@example.org');
    await expect.poll(() => sink.calls.length).toBe(2);
    expect(JSON.parse(sink.calls[1].body).identity.traits.email).toBe('cleo@example.org');

    await hook.getByRole('link', { name: 'Delete' }).click();
    await expect(admin.page.locator('main')).toContainText('127.0.0.1 is no longer notified at sign-up.');
    await admin.page.getByRole('button', { name: 'Delete webhook' }).click();
    await expect(hook).toHaveCount(0);
    await expect(admin.page.getByText('No webhooks yet')).toBeVisible();
    await sink.stop();
  });
});

test('an owner allows a host on the page, and removes it again', async ({ admin, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signInAndOpenSettings();
  await admin.goto('/webhooks');
  const hosts = admin.page.getByTestId('hosts');
  await expect(hosts).toContainText('No hosts yet.');
  await hosts.getByLabel('Host').fill('https://crm.example.org');
  await hosts.getByRole('button', { name: 'Allow host' }).click();
  await expect(admin.page.locator('#host-problem')).toContainText('Enter a host without scheme');
  await hosts.getByLabel('Host').fill('crm.example.org');
  await hosts.getByRole('button', { name: 'Allow host' }).click();
  await expect(hosts.getByRole('listitem')).toContainText('crm.example.org');
  await hosts.getByRole('button', { name: 'Remove crm.example.org' }).click();
  await expect(hosts).toContainText('No hosts yet.');
});

test.describe('while a file forbids it', () => {
  test.use({ config: { vestibule: { web_hooks: { allow_hosts_in_console: false } } } });

  test('the page says what to write where', async ({ admin }) => {
    await admin.signInAndOpenSettings();
    await admin.goto('/webhooks');
    await expect(admin.page.locator('#no-hosts')).toContainText('vestibule.web_hooks.allowed_hosts: [crm.example.org]');
    await expect(admin.page.getByRole('button', { name: 'Allow host' })).toHaveCount(0);
    await expect(admin.page.getByRole('link', { name: 'Create webhook' })).toHaveCount(0);
  });
});
