// What can happen with the configuration in force, as the page says it, and the way out: into the form, never into force.
import { test, expect } from './fixtures';
import { PASSWORDS } from './console';

test.use({
  config: {
    session: { lifespan: '2000h' },
    selfservice: {
      methods: { password: { config: { min_password_length: 7 } } },
      flows: { registration: { after: { password: { hooks: [
        { hook: 'web_hook', config: { url: 'https://crm.example.org/new', method: 'POST' } },
      ] } } } },
    },
  },
});

test('the page of checks says what can happen, the worst first, and follows the switches', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.page.getByRole('link', { name: /^Checks/ }).click();
  await expect(admin.heading()).toHaveText('Checks');
  const found = admin.page.locator('.checks > li');
  await expect(found.first()).toContainText('Danger: A failed webhook leaves an account behind');
  await expect(found.first()).toContainText('crm.example.org/new');
  await expect(admin.page.getByTestId('long_sessions')).toContainText('session.lifespan');
  await expect(admin.page.getByTestId('enumeration')).toHaveCount(0);
  await expect(admin.page.getByRole('link', { name: 'Checks 1 error or danger' })).toBeVisible();
  await admin.openSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.goto('/checks');
  await expect(admin.page.getByTestId('enumeration')).toContainText('Sign-up reveals which emails have an account');
  await expect(admin.page.getByTestId('summary')).toContainText('2 dangers');
});

test('a fix of the page of checks goes into the form, is saved by the person, and works once', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.goto('/checks');
  await admin.page.getByTestId('short_passwords').getByRole('link', { name: 'Require 12 characters' }).click();
  await expect(admin.heading()).toHaveText('Password policy');
  await expect(admin.page.getByRole('alert')).toContainText('The fix is in the form.');
  await expect(admin.minPasswordLength).toHaveValue('12');
  const pressed = admin.page.url();
  await admin.save();
  await admin.goto('/checks');
  await expect(admin.page.getByTestId('short_passwords')).toHaveCount(0);
  await admin.page.goto(pressed);
  await expect(admin.page.getByRole('alert')).toContainText('Already fixed.');
});

test('a fix beside a setting changes that setting and keeps what was typed elsewhere', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.page.locator('#identifier-similarity-check').setChecked(false);
  await admin.page.getByRole('button', { name: 'Require 12 characters' }).click();
  await expect(admin.minPasswordLength).toHaveValue('12');
  await expect(admin.page.locator('#identifier-similarity-check')).not.toBeChecked();
  await expect(admin.page.getByRole('region', { name: 'Unsaved changes' })).toContainText('2 unsaved changes');
});

test('what a file alone can put right is shown as a file would say it', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.goto('/checks');
  const sessions = admin.page.getByTestId('long_sessions');
  await sessions.getByText('Fix in a configuration file').click();
  await expect(sessions.locator('pre')).toContainText('lifespan: 720h');
});
