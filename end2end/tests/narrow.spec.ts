// Every page at 320 px, which is also what 400 % zoom leaves of a common screen (WCAG 1.4.10).
import type { Page } from '@playwright/test';
import { test, expect } from './fixtures';
import { SETTINGS } from './console';
import { HOOKS } from './hooks';

const NARROW = { width: 320, height: 640 };

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, page.url()).toBeLessThanOrEqual(NARROW.width);
}

test('hosted pages', async ({ visitor, complaints }) => {
  complaints.expect(/status of 404/);
  const ann = await visitor();
  await ann.page.setViewportSize(NARROW);
  await ann.openSignUp();
  await expectNoSidewaysScroll(ann.page);
  const long = `${'a-long-name-of-somebody'.repeat(2)}@example.org`;
  await ann.signUp(long, long);
  await expect(ann.summary()).toBeVisible();
  await expectNoSidewaysScroll(ann.page);
  await ann.register(long);
  await ann.signIn(long);
  await ann.page.waitForURL(/\/welcome/);
  await expect(ann.page.getByTestId('signed-in-as')).toBeVisible();
  await expectNoSidewaysScroll(ann.page);
  await ann.goto('/verification');
  await expectNoSidewaysScroll(ann.page);
  await ann.field('email').fill(long);
  await ann.submit();
  await expect(ann.field('code')).toBeVisible();
  await expectNoSidewaysScroll(ann.page);
  await ann.goto('/error?id=00000000-0000-4000-8000-000000000000');
  await expectNoSidewaysScroll(ann.page);
});

test('console pages', async ({ admin }) => {
  await admin.page.setViewportSize(NARROW);
  await admin.goto('/');
  await expectNoSidewaysScroll(admin.page);
  await admin.signInAndOpenSettings();
  await expectNoSidewaysScroll(admin.page);
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.goto(SETTINGS);
  await expectNoSidewaysScroll(admin.page);
  for (const path of ['/settings/email-verification', '/settings/password-policy', '/settings/account-protection', '/settings/history', '/settings/history/0', '/settings/history/compare?from=0&to=1', '/checks', '/webhooks', '/audit', '/invitations', '/tester', '/social', '/social/new', '/social/new?kind=generic', '/social/new?kind=apple', '/mailbox', '/mail', '/', '/operators', '/account', '/limits', '/search?q=sign', '/documentation', '/documentation/configuration', '/documentation/security']) {
    await admin.goto(path);
    await expectNoSidewaysScroll(admin.page);
  }
});

test.describe('with hosts that web hooks may call', () => {
  test.use({ config: { vestibule: { web_hooks: { allowed_hosts: ['*.example.org'] } } } });

  test('the form of a web hook, its preview and the page before a press', async ({ admin, complaints }) => {
    complaints.expect(/status of 422/);
    await admin.page.setViewportSize(NARROW);
    await admin.signInAndOpenSettings();
    await admin.goto('/webhooks/new');
    await expectNoSidewaysScroll(admin.page);
    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#problems')).toBeVisible();
    await expectNoSidewaysScroll(admin.page);
    await admin.page.locator('#id').fill('a-name-that-is-as-long-as-a-name-can-be-');
    await admin.page.locator('#url').fill(`https://crm.example.org/${'a-long-path-'.repeat(12)}`);
    await admin.page.locator('#auth-kind-none').check();
    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#previewed')).toBeVisible();
    await expectNoSidewaysScroll(admin.page);
    await admin.page.locator('#save').click();
    await expect(admin.heading()).toHaveText('Webhooks');
    await expectNoSidewaysScroll(admin.page);
    await admin.page.getByRole('link', { name: 'Delete' }).click();
    await expect(admin.heading()).toContainText('Delete');
    await expectNoSidewaysScroll(admin.page);
  });
});

test.describe('with web hooks', () => {
  test.use({ config: HOOKS });

  test('actions and their calls', async ({ admin }) => {
    await admin.page.setViewportSize(NARROW);
    await admin.signInAndOpenSettings();
    await admin.goto('/webhooks');
    await expectNoSidewaysScroll(admin.page);
    await admin.page.locator('.actions a').first().click();
    await admin.page.getByRole('button', { name: 'Send a test' }).click();
    await expect(admin.page.getByTestId('output')).toBeVisible();
    await admin.page.getByText('Template input').click();
    await expectNoSidewaysScroll(admin.page);
    await admin.page.getByRole('button', { name: 'Send test request' }).click();
    await admin.page.getByText('Request and response').click();
    await expectNoSidewaysScroll(admin.page);
  });
});
