// The command palette: the same results as the page, by keyboard alone.
import { test, expect } from './fixtures';

test('Ctrl+K finds a page and a setting from any page', async ({ admin }) => {
  await admin.signIn();
  await admin.goto('/checks');
  await admin.awake();
  await admin.page.keyboard.press('Control+k');
  const field = admin.page.locator('#palette-q');
  await expect(field).toBeFocused();
  await expect(admin.page.locator('#palette-results').getByRole('link', { name: 'Overview' })).toBeVisible();
  await field.fill('audit');
  await expect(admin.page.locator('#palette-results a').first()).toHaveText('Audit');
  await field.press('Enter');
  await expect(admin.heading()).toHaveText('Audit');

  await admin.awake();
  await admin.page.keyboard.press('Meta+k');
  await field.fill('haveibeenpwned');
  await expect(admin.page.locator('#palette-results a').first()).toHaveAttribute('href', /#breach-check$/);
  await field.press('ArrowDown');
  await expect(admin.page.locator('#palette-results a').first()).toBeFocused();
  await admin.page.keyboard.press('ArrowUp');
  await expect(field).toBeFocused();
  await admin.page.keyboard.press('Escape');
  await expect(field).toBeHidden();
  await expect(admin.heading()).toHaveText('Audit');
});

test('the link of the bar opens it, and a click beside it closes it', async ({ admin }) => {
  await admin.signIn();
  await admin.awake();
  await admin.page.locator('a.find').click();
  await expect(admin.page.locator('#palette-q')).toBeFocused();
  await expect(admin.page).toHaveURL(/\/$/);
  await admin.page.mouse.click(5, 700);
  await expect(admin.page.locator('#palette-q')).toBeHidden();
});
