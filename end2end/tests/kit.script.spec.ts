// What the console's script adds on every page: no page load, the browser's history, one press for two clicks.
import { test, expect } from './fixtures';

test('a form posts to its own page without a page load, and a double click is one press', async ({ admin }) => {
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/invitations');
  await admin.awake();
  await admin.page.evaluate(() => (document.documentElement.dataset.sameDocument = 'yes'));
  await admin.page.locator('#create').dblclick();
  await expect(admin.page.getByTestId('link')).toHaveValue(/invitation=/);
  const rows = admin.page.locator('.list tbody tr');
  await expect(rows).toHaveCount(1);
  await admin.page.getByRole('button', { name: 'Revoke' }).click();
  await expect(admin.status.first()).toContainText('Invitation revoked');
  await expect(rows).toContainText('Revoked');
  await expect(admin.page).toHaveURL(/\/invitations\?done=revoked$/);
  await expect(admin.page.locator('html')).toHaveAttribute('data-same-document', 'yes');
});

test('what is typed while a form is under way stays', async ({ admin }) => {
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/invitations');
  await admin.awake();
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await admin.page.route('**/invitations', async (route) => {
    if (route.request().method() === 'POST') await held;
    await route.continue();
  });
  await admin.page.locator('#create').click();
  await admin.page.locator('#address').fill('bert@example.org');
  answer();
  await expect(admin.page.getByTestId('link')).toHaveValue(/invitation=/);
  await expect(admin.page.locator('#address')).toHaveValue('bert@example.org');
});

test('an error is said on the page and in its title, and the focus goes there', async ({ admin, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/invitations');
  await admin.awake();
  await admin.page.locator('#days').fill('soon');
  await admin.page.locator('#days').press('Enter');
  await expect(admin.page.locator('#problems')).toBeFocused();
  await expect(admin.page).toHaveTitle(/^Error: Invitations/);
  await expect(admin.page.locator('.crumb')).not.toContainText('Error');
});

test('filters are entries of the history, and the page stays loaded', async ({ admin }) => {
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/audit');
  await admin.awake();
  await admin.page.evaluate(() => (document.documentElement.dataset.sameDocument = 'yes'));
  await admin.page.getByLabel('Action').selectOption('settings.save');
  await admin.page.getByRole('button', { name: 'Filter' }).click();
  await expect(admin.page.locator('.empty')).toBeVisible();
  await expect(admin.page.getByRole('button', { name: 'Filter' })).toBeFocused();
  await admin.page.getByRole('link', { name: 'Clear filters' }).first().click();
  await expect(admin.page.locator('.list tbody tr').first()).toBeVisible();
  await admin.page.goBack();
  await expect(admin.page.locator('.empty')).toBeVisible();
  await expect(admin.page.getByLabel('Action')).toHaveValue('settings.save');
  await admin.page.goBack();
  await expect(admin.page.locator('.list tbody tr').first()).toBeVisible();
  await expect(admin.page.locator('html')).toHaveAttribute('data-same-document', 'yes');
});

test.describe('a mail server that does not answer', () => {
  test.use({ config: { courier: { smtp: { connection_uri: 'smtp://127.0.0.1:9/?disable_starttls=true' } } } });

  test('the queue is followed by itself', async ({ admin, visitor }) => {
    await (await visitor()).register('anna@example.org');
    await admin.signIn();
    await expect(admin.heading()).toHaveText('Overview');
    await admin.goto('/mail');
    await admin.awake();
    const summary = admin.page.getByTestId('summary');
    await expect(summary).toContainText('1 email in the queue.');
    await admin.page.evaluate(() => (document.documentElement.dataset.sameDocument = 'yes'));
    await (await visitor()).register('bert@example.org');
    await expect(summary).toContainText('2 emails in the queue.');
    await expect(admin.page.locator('html')).toHaveAttribute('data-same-document', 'yes');
  });
});

test('the menu opens and closes on a phone', async ({ admin }) => {
  await admin.page.setViewportSize({ width: 360, height: 740 });
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/audit');
  await admin.awake();
  const link = admin.page.getByRole('link', { name: 'History' });
  await expect(link).toBeHidden();
  await admin.page.locator('.open-nav > summary').click();
  await expect(link).toBeVisible();
  await admin.page.keyboard.press('Escape');
  await expect(link).toBeHidden();
});
