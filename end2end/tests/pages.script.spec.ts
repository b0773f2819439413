// Every page, looked at by axe, in light and dark. axe itself is a script, so what the console shows without one is
// looked at with its script blocked.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { test, expect } from './fixtures';
import { Console } from './console';

async function expectAccessible(page: Page, heading: string | RegExp): Promise<void> {
  // First that it is the page it should be: an empty one has no violations either.
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations, passes } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    const found = violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`);
    expect(found, `${page.url()} in ${colorScheme}`).toEqual([]);
    expect(passes.length).toBeGreaterThan(5);
  }
}

test('sign-up and sign-in', async ({ visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await expectAccessible(ann.page, 'Create your account');
  await ann.signUp('ann.copperfield@example.org', 'ann.copperfield@example.org');
  await expect(ann.summary()).toBeVisible();
  await expectAccessible(ann.page, 'Create your account');
  await ann.goto('/login');
  await expectAccessible(ann.page, 'Sign in');
});

test('welcome, with and without a session', async ({ visitor }) => {
  const ann = await visitor();
  await ann.register('ann@example.org');
  await expectAccessible(ann.page, 'Your account is ready');
  await ann.signIn('ann@example.org');
  await ann.page.waitForURL(/\/welcome/);
  await expectAccessible(ann.page, 'You are signed in');
});

test('the error page', async ({ visitor, complaints }) => {
  complaints.expect(/status of 404/);
  const ann = await visitor();
  await ann.goto('/error?id=00000000-0000-4000-8000-000000000000');
  await expectAccessible(ann.page, /.+/);
});

test('the sign-in page of the console', async ({ admin, complaints }) => {
  complaints.expect(/status of 4(01|22)/);
  await admin.goto('/');
  await expect(admin.password).toBeVisible();
  await expectAccessible(admin.page, /sign in/i);
  await admin.signIn(undefined, 'not the password 12');
  await expect(admin.email).not.toHaveValue('');
  await expectAccessible(admin.page, /sign in/i);
});

test('Authentication settings: as saved, unsaved, saved', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await expectAccessible(admin.page, /authentication/i);
  await admin.signInAfterRegistration.setChecked(true);
  await expect(admin.bar).toContainText('Sign in after registration');
  await expectAccessible(admin.page, /authentication/i);
  await admin.save();
  await expectAccessible(admin.page, /authentication/i);
});

test('Authentication settings without the script', async ({ elsewhere, vestibule, complaints }) => {
  complaints.expect(/ERR_FAILED|Failed to fetch dynamically/);
  const page = await elsewhere();
  await page.route(/\/pkg\//, (route) => route.abort());
  const admin = new Console(page, vestibule, false);
  await admin.signIn();
  await admin.goto('/settings/authentication');
  await expectAccessible(page, /authentication/i);
  await admin.signInAfterRegistration.setChecked(true);
  await admin.saveButton.click();
  await expect(admin.status.filter({ hasText: /revision/i }).first()).toBeVisible();
  await expectAccessible(page, /authentication/i);
});
