// What was saved before, and the way back to it.
import { test, expect } from './fixtures';
import { Console, PASSWORDS } from './console';

test('revisions tell who, why and what, and one can go back to each', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('10');
  await admin.previewed();
  await admin.page.locator('#unsaved-changes > summary').click();
  await admin.page.locator('#reason').fill('the auditors asked');
  await admin.save();
  await admin.openSettings(PASSWORDS);
  await admin.minPasswordLength.fill('12');
  await admin.save();
  await admin.page.getByRole('link', { name: 'History' }).click();
  await expect(admin.heading()).toHaveText('History');
  const revisions = admin.page.locator('.list tbody tr');
  await expect(revisions).toHaveCount(3);
  await expect(revisions.nth(0)).toContainText('Revision 2 Current');
  await expect(revisions.nth(0)).toContainText('Minimum password length: 12 (was 10)');
  await expect(revisions.nth(1)).toContainText('Olga');
  await expect(revisions.nth(1)).toContainText('the auditors asked');

  await revisions.nth(1).getByRole('link').first().click();
  await expect(admin.heading()).toHaveText('Revision 1');
  await expect(admin.page.locator('main')).toContainText('Minimum password length: 10 (was 12)');
  await admin.page.locator('#reason').fill('too strict');
  await admin.page.locator('#restore').click();
  await expect(admin.status).toContainText('Restored as revision 3');
  await expect(revisions).toHaveCount(4);
  await expect(revisions.nth(0)).toContainText('Back to revision 1');
  await expect(revisions.nth(0)).toContainText('too strict');
  await admin.openSettings(PASSWORDS);
  await expect(admin.minPasswordLength).toHaveValue('10');
});

test('going back while somebody saves changes nothing and keeps the reason', async ({ admin, vestibule, elsewhere, javaScriptEnabled, complaints }) => {
  complaints.expect(/status of 409/);
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('10');
  await admin.save();
  await admin.goto('/settings/history/0');
  await expect(admin.heading()).toHaveText('Configuration files only');
  await admin.page.locator('#reason').fill('start anew');
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await other.signInAndOpenSettings(PASSWORDS);
  await other.minPasswordLength.fill('11');
  await other.save();
  await admin.page.locator('#restore').click();
  await expect(admin.page.locator('#conflict')).toContainText('Revision 2');
  await expect(admin.page.locator('#reason')).toHaveValue('start anew');
  await expect(admin.page.locator('main')).toContainText('8 (was 11)');
  await admin.page.locator('#restore').click();
  await expect(admin.status).toContainText('Restored as revision 3');
});

test('before the first Save the page says what comes next, and an unknown revision is none', async ({ admin, complaints }) => {
  complaints.expect(/status of 404/);
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/settings/history');
  await expect(admin.page.locator('main')).toContainText('No changes yet');
  for (const unknown of ['99', '-1', 'nonsense']) {
    await admin.goto(`/settings/history/${unknown}`);
    await expect(admin.heading()).toHaveText('Page not found');
  }
});

test('any two revisions are compared, in words and as a file', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('10');
  await admin.save();
  await admin.openSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.goto('/settings/history');
  const compare = admin.page.getByRole('form', { name: 'Compare two revisions' });
  await compare.getByLabel('From').selectOption({ label: 'Configuration files only' });
  await compare.getByLabel('To', { exact: true }).selectOption('2');
  await compare.getByRole('button', { name: 'Compare' }).click();
  await expect(admin.heading()).toHaveText('Compare');
  await expect(admin.page).toHaveURL(/compare\?from=0&to=2/);
  const main = admin.page.locator('main');
  await expect(main).toContainText('From configuration files only to revision 2');
  await expect(main).toContainText('Sign in after registration: on');
  await expect(main).toContainText('Minimum password length: 10 (was 8)');
  await expect(main.locator('pre')).toContainText('min_password_length: 10');
  await expect(main.locator('pre')).toContainText('hook: session');
  const download = admin.page.waitForEvent('download');
  await main.getByRole('link', { name: 'Download YAML' }).click();
  expect((await download).suggestedFilename()).toBe('settings-0-to-2.yaml');
  await main.getByRole('link', { name: 'Swap' }).click();
  await expect(main.locator('pre')).toContainText('# Remove this key');
  await admin.goto('/settings/history/2');
  await main.getByRole('link', { name: 'Compare with previous' }).click();
  await expect(main).toContainText('From revision 1 to revision 2');
});

test.describe('where the files decide', () => {
  test.use({ config: { vestibule: { settings: { source: 'file' } } } });

  test('nothing can be changed, and both pages say where to', async ({ admin }) => {
    await admin.signInAndOpenSettings();
    await expect(admin.page.locator('#read-only')).toContainText('more.json');
    await expect(admin.saveButton).toHaveCount(0);
    await expect(admin.page.locator('main')).not.toContainText('Not saved yet');
    await expect(admin.signInAfterRegistration).toBeDisabled();
    await admin.page.locator('#read-only').getByRole('link', { name: 'History' }).click();
    await expect(admin.heading()).toHaveText('History');
    await expect(admin.page.locator('#read-only')).toContainText('vestibule.settings.source: file');
  });
});
