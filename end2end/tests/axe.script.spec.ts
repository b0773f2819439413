// axe on every page, in the light on a desk and in the dark on a phone: colours go by the scheme and the layout by the width, so
// that the two others would show nothing new. Each page says first that it is the one that is meant, so that an error page does
// not pass.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { test, expect } from './fixtures';
import { PASSWORDS, VERIFICATION } from './console';
import { HOOKS } from './hooks';

// Some twenty looks at pages.
test.setTimeout(480_000);

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function check(page: Page, heading: string | RegExp): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
  for (const [colorScheme, width] of [['light', 1280], ['dark', 360]] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // From the top: what the bar covers half after a jump to an error is no smaller for it.
    await page.evaluate(() => scrollTo(0, 0));
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    const found = violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`);
    expect(found, `${page.url()} ${colorScheme} ${width}`).toEqual([]);
  }
}

const verification = {
  selfservice: { flows: { registration: { after: { password: { hooks: [{ hook: 'show_verification_ui' }] } } } } },
};

test.describe('hosted pages', () => {
  test.use({ config: verification });

  test('from sign-up to a proven address', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.openSignUp();
    await check(anna.page, 'Create your account');
    await anna.signUp('anna@example.org', 'anna');
    await expect(anna.summary()).toBeVisible();
    await check(anna.page, 'Create your account');
    await anna.signUp('anna@example.org');
    await check(anna.page, 'Check your email');
    await anna.field('code').fill('000000');
    await anna.submit();
    await expect(anna.summary()).toBeVisible();
    await check(anna.page, 'Check your email');
    await admin.signIn();
    const { code } = await admin.newestMail('anna@example.org');
    await check(admin.page, 'Mailbox');
    await anna.field('code').fill(code);
    await anna.submit();
    await check(anna.page, 'Your email is verified');
    await anna.goto('/verification');
    await check(anna.page, 'Verify your email');
    await anna.goto('/welcome');
    await check(anna.page, 'You are not signed in');
  });
});

test('sign-in, welcome, errors', async ({ visitor, complaints }) => {
  complaints.expect(/status of 404/);
  const anna = await visitor();
  await anna.register('anna@example.org');
  await check(anna.page, 'Your account is ready');
  await anna.goto('/login');
  await check(anna.page, 'Sign in');
  await anna.signIn('anna@example.org', 'not the password 12');
  await expect(anna.summary()).toBeVisible();
  await check(anna.page, 'Sign in');
  await anna.signIn('anna@example.org');
  await check(anna.page, 'You are signed in');
  await anna.goto('/login?refresh=true');
  await check(anna.page, 'Confirm it’s you');
  await anna.goto('/error?id=00000000-0000-4000-8000-000000000000');
  await check(anna.page, 'No error found');
});

test('a closed sign-up', async ({ admin, visitor, complaints }) => {
  complaints.expect(/status of 403/);
  await admin.signInAndOpenSettings();
  await admin.registrationEnabled.setChecked(false);
  await admin.save();
  const anna = await visitor();
  await anna.goto('/registration');
  await check(anna.page, 'Sign-up is closed');
});

test('every page of the navigation, and one user', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.register('anna@example.org');
  await admin.signInAndOpenSettings();
  const links = admin.page.locator('nav a[href^="/"]');
  const paths = new Set(await links.evaluateAll((found) => found.map((link) => link.getAttribute('href')!)));
  expect(paths.size).toBeGreaterThan(15);
  for (const path of paths) {
    await admin.goto(path);
    await check(admin.page, /./);
  }
  await admin.goto('/users');
  await admin.page.getByRole('link', { name: 'anna@example.org' }).click();
  await check(admin.page, /anna@example\.org/);
});

test.describe('a provider of a listed host', () => {
  test.use({ config: { vestibule: { web_hooks: { allowed_hosts: ['127.0.0.1'] } } } });

  test('the console', async ({ admin, vestibule, elsewhere, complaints }) => {
    complaints.expect(/status of 4(04|09|10|22)/);
    await admin.goto('/');
    await check(admin.page, 'Sign in');
    await admin.signInAndOpenSettings();
    await check(admin.page, 'Authentication settings');
    await admin.openSettings(VERIFICATION);
    await admin.requireVerifiedAddress.setChecked(true);
    await admin.saveButton.click();
    await check(admin.page, 'Email verification');
    await admin.openSettings(PASSWORDS);
    await admin.minPasswordLength.fill('2');
    await admin.saveButton.click();
    await check(admin.page, 'Password policy');
    await admin.openSettings('/settings/account-protection');
    await check(admin.page, 'Account protection');
    await admin.openSettings();
    await admin.signInAfterRegistration.setChecked(true);
    await admin.save();
    await check(admin.page, 'Authentication settings');
    await admin.goto('/settings/history');
    await check(admin.page, 'History');
    await admin.goto('/settings/history/0');
    await check(admin.page, 'Configuration files only');
    await admin.goto('/settings/history/compare?from=0&to=1');
    await check(admin.page, 'Compare');
    await admin.goto('/checks');
    await check(admin.page, 'Checks');
    await admin.goto('/social');
    await check(admin.page, 'Social sign-in');
    await admin.goto('/social/new');
    await check(admin.page, 'Add provider');
    await admin.goto('/social/new?kind=apple');
    await check(admin.page, 'Add Apple');
    await admin.goto('/social/new?kind=twitch');
    await admin.page.getByRole('button', { name: 'Test mapping' }).click();
    await check(admin.page, 'Add Twitch');
    await admin.page.locator('#issuer-url').fill('nowhere');
    await admin.page.locator('#save').click();
    await check(admin.page, 'Add Twitch');
    await admin.page.locator('#issuer-url').fill('http://127.0.0.1:9');
    await admin.page.locator('#client-id').fill('c');
    await admin.page.locator('#save').click();
    await check(admin.page, 'Social sign-in');
    await admin.page.getByRole('link', { name: 'Twitch' }).click();
    await check(admin.page, 'Twitch');
    await admin.goto('/mailbox');
    await check(admin.page, 'Mailbox');
    await admin.goto('/mail');
    await check(admin.page, 'Email delivery');
    await admin.goto('/audit');
    await check(admin.page, 'Audit');
    await admin.goto('/audit?operator=system&action=settings.save');
    await check(admin.page, 'Audit');
    await admin.goto('/invitations');
    await admin.page.locator('#days').fill('soon');
    await admin.page.locator('#create').click();
    await expect(admin.page.locator('#problems')).toBeVisible();
    await check(admin.page, 'Invitations');
    await admin.page.locator('#days').fill('2');
    await admin.page.locator('#create').click();
    await expect(admin.page.getByTestId('link')).toBeVisible();
    await check(admin.page, 'Invitations');
    await admin.goto('/tester');
    await admin.page.locator('#run').click();
    await expect(admin.page.locator('#verdict')).toBeVisible();
    await check(admin.page, 'Sign-up tester');
    await admin.goto('/');
    await check(admin.page, 'Overview');
    await admin.goto('/operators');
    await check(admin.page, 'Operators');
    await admin.page.locator('#invite').click();
    await expect(admin.page.locator('#problems')).toBeVisible();
    await check(admin.page, 'Operators');
    await admin.page.locator('#email').fill('edda@example.org');
    await admin.page.locator('#invite').click();
    await expect(admin.page.getByTestId('link')).toBeVisible();
    await check(admin.page, 'Operators');
    const invitation = await admin.page.getByTestId('link').inputValue();
    await admin.page.getByRole('link', { name: 'Olga' }).first().click();
    await check(admin.page, 'Olga');
    await admin.goto('/account');
    await check(admin.page, 'Your account');
    await admin.page.locator('button.account').click();
    await check(admin.page, 'Your account');
    await admin.goto('/limits');
    await check(admin.page, 'Limits');
    await admin.goto('/search?q=password');
    await check(admin.page, 'Search');
    await admin.page.keyboard.press('Control+k');
    await expect(admin.page.locator('#palette-results a').first()).toBeVisible();
    await check(admin.page, 'Search');
    await admin.goto('/documentation');
    await check(admin.page, 'Documentation');
    await admin.goto('/documentation/configuration');
    await check(admin.page, 'Configuration');
    await admin.goto('/nothing');
    await check(admin.page, 'Page not found');
    const link = await elsewhere();
    await link.goto(`${vestibule.consoleUrl}/setup?secret=x`);
    await check(link, 'This link has expired');
    await link.goto(invitation);
    await check(link, 'Join the console');
  });
});

test.describe('a mail server that does not answer', () => {
  test.use({ config: { courier: { smtp: { connection_uri: 'smtp://127.0.0.1:9/?disable_starttls=true' } } } });

  test('mails that wait', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    await admin.signIn();
    await expect(async () => {
      await admin.goto('/mail');
      await expect(admin.page.locator('main .note.danger')).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await check(admin.page, 'Email delivery');
  });
});

test.describe('with web hooks', () => {
  test.use({ config: HOOKS });

  test('actions, and what became of their calls', async ({ admin }) => {
    await admin.signInAndOpenSettings();
    await admin.goto('/webhooks');
    await check(admin.page, 'Webhooks');
    await admin.page.locator('.actions a').first().click();
    await admin.page.getByRole('button', { name: 'Send a test' }).click();
    await admin.page.getByText('Template input').click();
    await check(admin.page, /127\.0\.0\.1/);
    await admin.page.getByRole('button', { name: 'Send test request' }).click();
    await admin.page.getByText('Request and response').click();
    await check(admin.page, /127\.0\.0\.1/);
  });
});

test.describe('with hosts that web hooks may call', () => {
  test.use({ config: { vestibule: { web_hooks: { allowed_hosts: ['crm.example.org'] } } } });

  test('the form of a web hook, its preview, its secret and the page before a press', async ({ admin, complaints }) => {
    complaints.expect(/status of 422/);
    await admin.signInAndOpenSettings();
    await admin.goto('/webhooks/new');
    await check(admin.page, 'New webhook');
    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#problems')).toBeVisible();
    await check(admin.page, 'New webhook');
    await admin.page.locator('#id').fill('crm');
    await admin.page.locator('#url').fill('https://crm.example.org/new');
    await admin.page.locator('#preview').click();
    await expect(admin.page.locator('#previewed')).toBeVisible();
    await check(admin.page, 'New webhook');
    await admin.page.locator('#save').click();
    await expect(admin.page.getByTestId('secret')).toBeVisible();
    await check(admin.page, 'Signing secret of crm');
    await admin.goto('/webhooks');
    await check(admin.page, 'Webhooks');
    await admin.goto('/webhooks/change?id=crm');
    await check(admin.page, 'Edit crm');
    await admin.goto('/webhooks/press?id=crm&act=remove');
    await check(admin.page, 'Delete crm?');
  });
});

test.describe('an account', () => {
  const session = [{ hook: 'session' }];
  test.use({
    config: {
      selfservice: {
        methods: { code: { enabled: true, passwordless_enabled: true } },
        flows: { recovery: { enabled: true, use: 'code' }, registration: { after: { password: { hooks: session } } } },
      },
    },
  });

  test('settings, recovery and codes', async ({ visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    await anna.goto('/settings');
    await check(anna.page, 'Account settings');
    await anna.page.getByRole('region', { name: 'Password' }).getByLabel('Password').fill('short');
    await anna.page.getByRole('region', { name: 'Password' }).getByRole('button', { name: 'Save' }).click();
    await expect(anna.summary()).toBeVisible();
    await check(anna.page, 'Account settings');
    const lost = await visitor();
    await lost.goto('/recovery');
    await check(lost.page, 'Recover your account');
    await lost.field('email').fill('anna@example.org');
    await lost.submit();
    await check(lost.page, 'Check your email');
  });
});
