// What the console's script adds: no page load, Undo, a guard on leaving, a key for Save.
import { test, expect } from './fixtures';

test('Save needs no page load and can be undone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.page.evaluate(() => (document.documentElement.dataset.sameDocument = 'yes'));
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await expect(admin.page.locator('html')).toHaveAttribute('data-same-document', 'yes');
  await admin.page.getByRole('button', { name: 'Undo' }).click();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.status.filter({ hasText: /revision 2/i }).first()).toBeVisible();
  await admin.openSettings();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
});

test('the bar names the change that is not saved', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await expect(admin.bar).toContainText('Sign in after registration');
});

test('the warning about telling accounts apart comes before Save', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  const before = await admin.page.locator('main').innerText();
  await admin.signInAfterRegistration.setChecked(true);
  await expect.poll(() => admin.page.locator('main').innerText()).not.toBe(before);
  await expect(admin.bar).toContainText('Sign in after registration');
});

test('leaving with something unsaved is asked about, leaving without is not', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  const asked: string[] = [];
  admin.page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.accept();
  });
  await admin.openSettings();
  expect(asked).toEqual([]);
  await admin.signInAfterRegistration.click();
  await expect(admin.bar).toContainText('Sign in after registration');
  await admin.openSettings();
  expect(asked).toEqual(['beforeunload']);
  await admin.signInAfterRegistration.click();
  await admin.save();
  await admin.openSettings();
  expect(asked).toEqual(['beforeunload']);
});

test('Ctrl+S saves', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.click();
  await admin.page.keyboard.press('Control+s');
  await expect(admin.status.filter({ hasText: /revision 1/i }).first()).toBeVisible();
  await admin.openSettings();
  await expect(admin.signInAfterRegistration).toBeChecked();
});

test('the switch works by keyboard alone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.focus();
  await admin.page.keyboard.press('Space');
  await expect(admin.signInAfterRegistration).toBeChecked();
  await admin.page.keyboard.press('Enter');
  await expect(admin.status.filter({ hasText: /revision 1/i }).first()).toBeVisible();
});
