// What operators did, filtered and downloaded.
import { readFile } from 'node:fs/promises';
import { test, expect } from './fixtures';
import { PASSWORDS } from './console';
import { OPERATOR } from './vestibule';

test('a save is in the audit, and filters find it', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('12');
  await admin.previewed();
  await admin.page.locator('#unsaved-changes > summary').click();
  await admin.page.locator('#reason').fill('the auditors asked');
  await admin.save();
  await admin.page.getByRole('link', { name: 'Audit' }).click();
  await expect(admin.heading()).toHaveText('Audit');
  const rows = admin.page.locator('.list tbody tr');
  await expect(rows.first()).toContainText('settings.save');
  await expect(rows.first()).toContainText(OPERATOR.email);
  await expect(rows).not.toHaveCount(1);

  await admin.awake();
  await admin.page.getByLabel('Action').selectOption('settings.save');
  await admin.page.getByRole('button', { name: 'Filter' }).click();
  await expect(admin.page).toHaveURL(/action=settings\.save/);
  await expect(rows).toHaveCount(1);
  const download = admin.page.waitForEvent('download');
  await admin.page.getByRole('link', { name: 'Download JSON lines' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('audit.jsonl');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).action)).toEqual(['settings.save']);

  await admin.page.getByLabel('Operator').selectOption('system');
  await admin.page.getByRole('button', { name: 'Filter' }).click();
  await expect(admin.page.locator('.empty')).toContainText('No matches');
  await admin.page.goBack();
  await expect(rows).toHaveCount(1);
  await expect(admin.page.getByLabel('Action')).toHaveValue('settings.save');
  await admin.page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(rows).not.toHaveCount(1);
});
