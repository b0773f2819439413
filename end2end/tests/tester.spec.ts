// The sign-up tester: what the switch does, seen before anybody meets it.
import { test, expect } from './fixtures';

test('a run shows what a sign-up is answered, and stores nothing', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  await admin.page.getByRole('link', { name: 'Sign-up tester' }).click();
  await expect(admin.heading()).toHaveText('Sign-up tester');
  await expect(admin.page.getByTestId('only-way')).toContainText('Password');
  await admin.page.locator('#run').click();
  await expect(admin.page.locator('#verdict')).toHaveText('Signed up, then signed in');
  await expect(admin.page.getByTestId('code')).toHaveCount(1);
  await admin.setSignInAfterRegistration(true);
  for (const client of ['Browser form', 'Single-page app', 'Native app']) {
    await admin.goto('/tester');
    await admin.page.getByLabel(client).check();
    await admin.page.getByLabel('Email', { exact: true }).fill('anna@example.org');
    await admin.page.locator('#run').click();
    await expect(admin.page.locator('#verdict')).toHaveText('Signed in');
    await expect(admin.page.getByLabel('Email', { exact: true })).toHaveValue('anna@example.org');
    await expect(admin.page.locator('.outcome')).toContainText('No existing account uses this data');
  }
  // The address is still free.
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await anna.page.waitForURL(/\/welcome/);
  // And from now on the tester says what a second sign-up is told.
  await admin.page.locator('#run').click();
  await expect(admin.page.locator('#verdict')).toHaveText('Sign-up rejected');
  await expect(admin.page.locator('.outcome')).toContainText('One account uses this data');
});
