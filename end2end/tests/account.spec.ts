// An account in its user's hands: recovered by email, changed in the settings, signed in to with a code. Everything by pages without a
// script, so it is the same with JavaScript and without.
import { agreeAs, expect, test as withProvider } from './idp';
import { test } from './fixtures';
import type { Console } from './console';
import { PASSWORD, Visitor } from './visitor';

const NEW = 'patient lantern orchard 28';
const heading = (visitor: Visitor) => visitor.page.getByRole('heading', { level: 1 });
const signsUp = { registration: { after: { password: { hooks: [{ hook: 'session' }] } } } };

/** One of the forms of the settings. */
const section = (visitor: Visitor, name: string) => visitor.page.getByRole('region', { name });

async function setPassword(visitor: Visitor, password: string): Promise<void> {
  const own = section(visitor, 'Password');
  await own.getByLabel('Password').fill(password);
  await own.getByRole('button', { name: 'Save' }).click();
}

/** An email with a link alone has no code that the mailbox shows. */
async function recoveryLink(admin: Console): Promise<string> {
  const link = admin.page.getByTestId('link').first();
  await expect(async () => {
    await admin.goto('/mailbox?to=anna@example.org');
    await expect(link).toHaveAttribute('href', /self-service\/recovery/, { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  return (await link.getAttribute('href')) ?? '';
}

for (const by of ['code', 'link'] as const) {
  test.describe(`recovery by ${by}`, () => {
    const methods = { code: { enabled: true }, link: { enabled: true } };
    test.use({ config: { selfservice: { methods, flows: { recovery: { enabled: true, use: by }, ...signsUp } } } });

    test('leads from “Forgot password?” to a new password, and signs out elsewhere', async ({ admin, visitor }) => {
      const lost = await visitor();
      await lost.register('anna@example.org');
      await admin.signIn();
      const anna = await visitor();
      await anna.goto('/login');
      await anna.page.getByRole('link', { name: 'Forgot password?' }).click();
      await expect(heading(anna)).toHaveText('Recover your account');
      await anna.field('email').fill('anna@example.org');
      await anna.submit();
      await expect(heading(anna)).toHaveText('Check your email');
      if (by === 'code') {
        const mail = await admin.newestMail('anna@example.org', 2);
        await anna.field('code').fill(mail.code === '000000' ? '000001' : '000000');
        await anna.submit();
        await expect(anna.summary()).toBeVisible();
        await anna.field('code').fill(mail.code);
        await anna.submit();
      } else {
        await anna.page.goto(await recoveryLink(admin));
        await expect(heading(anna)).toHaveText('Recover your account');
        await lost.expectSignedIn('anna@example.org');
        await anna.submit();
      }
      await expect(heading(anna)).toHaveText('Account settings');
      await expect(anna.message(1060001)).toBeVisible();
      await setPassword(anna, NEW);
      await expect(anna.message(1050001)).toBeVisible();
      await lost.goto('/welcome');
      await expect(lost.page.getByTestId('signed-in-as')).toHaveCount(0);
      const again = await visitor();
      await again.signIn('anna@example.org', NEW);
      await again.page.waitForURL(/\/welcome/);
      await again.expectSignedIn('anna@example.org');
    });
  });
}

test.describe('settings', () => {
  test.use({ config: { selfservice: { flows: signsUp } } });

  test('the email, the password, and a mistake that keeps what was typed', async ({ visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    await anna.goto('/settings');
    await expect(heading(anna)).toHaveText('Account settings');
    await setPassword(anna, 'short');
    await expect(anna.summary()).toBeFocused();
    await expect(section(anna, 'Password').getByLabel('Password')).toHaveValue('');
    const profile = section(anna, 'Profile');
    await anna.field('traits.email').fill('anna.two@example.org');
    await profile.getByRole('button', { name: 'Save' }).click();
    await expect(anna.message(1050001)).toBeVisible();
    await setPassword(anna, NEW);
    await expect(anna.message(1050001)).toBeVisible();
    const again = await visitor();
    await again.signIn('anna.two@example.org', NEW);
    await again.page.waitForURL(/\/welcome/);
    await again.expectSignedIn('anna.two@example.org');
  });

  test('sessions end one by one, and all at once', async ({ visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    const [phone, tablet] = [await visitor(), await visitor()];
    for (const other of [phone, tablet]) {
      await other.signIn('anna@example.org');
      await other.page.waitForURL(/\/welcome/);
    }
    await anna.goto('/settings');
    await expect(anna.page.getByTestId('session')).toHaveCount(3);
    await anna.page.getByTestId('end-session').first().click();
    await expect(anna.page.getByTestId('session')).toHaveCount(2);
    await anna.page.getByTestId('end-others').click();
    await expect(anna.page.getByTestId('session')).toHaveCount(1);
    for (const other of [phone, tablet]) {
      await other.goto('/welcome');
      await expect(other.page.getByTestId('signed-in-as')).toHaveCount(0);
    }
    await anna.goto('/welcome');
    await anna.expectSignedIn('anna@example.org');
  });

  test.describe('with a sign-in that is not recent', () => {
    test.use({
      config: { selfservice: { flows: { ...signsUp, settings: { privileged_session_max_age: '1s' } } } },
    });

    test('what was typed is there after the user confirmed who it is', async ({ visitor }) => {
      const anna = await visitor();
      await anna.register('anna@example.org');
      await anna.goto('/settings');
      // Until the server says that the sign-in is too old.
      await expect(async () => {
        await anna.field('traits.email').fill('anna.two@example.org');
        await section(anna, 'Profile').getByRole('button', { name: 'Save' }).click();
        if (await anna.message(1050001).isVisible()) {
          await anna.field('traits.email').fill('anna@example.org');
          await section(anna, 'Profile').getByRole('button', { name: 'Save' }).click();
        }
        await expect(heading(anna)).toHaveText('Confirm it’s you', { timeout: 500 });
      }).toPass();
      await anna.field('password').fill(PASSWORD);
      await anna.submit();
      await expect(heading(anna)).toHaveText('Account settings');
      await expect(anna.message(1950001)).toBeVisible();
      await expect(anna.field('traits.email')).not.toHaveValue('');
    });
  });
});

withProvider('a provider is connected and disconnected, and the last sign-in method stays', async ({ visitor }) => {
  const anna = await visitor();
  await anna.goto('/registration');
  await anna.page.getByRole('button', { name: 'Sign up with Acme' }).click();
  await agreeAs(anna.page, 'anna');
  await anna.page.waitForURL(/\/welcome/);
  await anna.goto('/settings');
  const connected = section(anna, 'Connected accounts');
  await expect(connected.getByTestId('connection')).toContainText('You need another sign-in method');
  await expect(connected.getByRole('button')).toHaveCount(0);
  await setPassword(anna, NEW);
  await expect(anna.message(1050001)).toBeVisible();
  await connected.getByRole('button', { name: 'Disconnect Acme' }).click();
  await expect(connected.getByTestId('connection')).toContainText('Not connected');
  await connected.getByRole('button', { name: 'Connect Acme' }).click();
  // The provider knows this browser.
  await expect(connected.getByTestId('connection')).not.toContainText('Not connected');
  await expect(anna.message(1050001)).toBeVisible();
  const again = await visitor();
  await again.goto('/login');
  await again.page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await agreeAs(again.page, 'anna');
  await again.page.waitForURL(/\/welcome/);
  await again.expectSignedIn('anna@example.org');
});

test.describe('a code instead of a password', () => {
  test.use({
    config: {
      selfservice: {
        methods: { password: { enabled: false }, code: { enabled: true, passwordless_enabled: true } },
        flows: { registration: { after: { code: { hooks: [{ hook: 'session' }] } } } },
      },
    },
  });

  test('signs up and signs in', async ({ admin, visitor }) => {
    await admin.signIn();
    const anna = await visitor();
    await anna.goto('/registration');
    await anna.field('traits.email').fill('anna@example.org');
    await anna.submit();
    const first = await admin.newestMail('anna@example.org');
    await anna.field('code').fill(first.code);
    await anna.submit();
    await anna.page.waitForURL(/\/welcome/);
    await anna.expectSignedIn('anna@example.org');
    const again = await visitor();
    await again.goto('/login');
    await again.field('identifier').fill('anna@example.org');
    await again.submit();
    const second = await admin.newestMail('anna@example.org', 2);
    await again.field('code').fill(second.code);
    await again.submit();
    await again.page.waitForURL(/\/welcome/);
    await again.expectSignedIn('anna@example.org');
  });
});
