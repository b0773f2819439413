// What can happen with the configuration in force, as the page says it.
import { test, expect } from './fixtures';

test.use({
  config: {
    session: { lifespan: '2000h' },
    selfservice: { flows: { registration: { after: { password: { hooks: [
      { hook: 'web_hook', config: { url: 'https://crm.example.org/new', method: 'POST' } },
    ] } } } } },
  },
});

test('the page of checks says what can happen, the worst first, and follows the switches', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.page.getByRole('link', { name: 'Checks' }).click();
  await expect(admin.heading()).toHaveText('Checks');
  const found = admin.page.locator('.checks > li');
  await expect(found.first()).toContainText('Danger: A failing service leaves an account behind');
  await expect(found.first()).toContainText('crm.example.org/new');
  await expect(admin.page.getByTestId('long_sessions')).toContainText('session.lifespan');
  await expect(admin.page.getByTestId('enumeration')).toHaveCount(0);
  await admin.openSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.goto('/checks');
  await expect(admin.page.getByTestId('enumeration')).toContainText('A stranger can learn who has an account');
  await expect(admin.page.getByTestId('summary')).toContainText('2 dangers');
});
