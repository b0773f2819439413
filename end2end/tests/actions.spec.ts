// Web hooks as the console shows them: what they can do, what became of their calls, and trying one out.
import { test, expect } from './fixtures';

// Nothing listens there: every call fails, and that is to be seen.
const URL = 'http://127.0.0.1:9/new';
const body = `base64://${Buffer.from('function(ctx) { mail: ctx.identity.traits.email }').toString('base64')}`;

test.use({
  config: {
    selfservice: { flows: { registration: { after: { password: { hooks: [
      { hook: 'web_hook', config: { url: URL, method: 'POST', body, response: { ignore: true } } },
      { hook: 'session' },
    ] } } } } },
  },
});

test('a hook is named by its outcome, its failed call is seen, and a test shows first and sends second', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  await admin.page.getByRole('link', { name: 'Actions' }).click();
  await expect(admin.heading()).toHaveText('Actions');
  const hook = admin.page.locator('.actions article');
  await expect(hook).toContainText('Inform');
  await expect(hook).toContainText('Is queued with the account (password)');
  await expect(hook).toContainText('No calls in the log');

  const anna = await visitor();
  await anna.register('anna@example.org');
  await expect(async () => {
    await admin.goto('/actions');
    await hook.getByRole('link').click();
    await expect(admin.page.getByTestId('call').first()).toContainText('failed, is tried again', { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await expect(admin.page.getByTestId('failure').first()).toContainText('127.0.0.1 cannot be reached');

  await admin.page.getByRole('button', { name: 'Try it out' }).click();
  await expect(admin.page.getByTestId('output')).toContainText('anna@example.org');
  await admin.page.getByRole('button', { name: 'Really send it' }).click();
  await expect(admin.status).toContainText('The test was sent');
  await expect(admin.page.getByTestId('call')).toHaveCount(2);
  await expect(admin.page.getByTestId('call').first()).toContainText('test');
});
