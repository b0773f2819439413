// The switch with a provider beside passwords: a matrix of ways, with JavaScript on and off.
import type { Page } from '@playwright/test';
import { expect, test } from './idp';
import { VERIFICATION } from './console';
import type { Config } from './vestibule';
import type { Visitor } from './visitor';

/** Through the provider, as somebody who was never here. */
async function comeFromAcme(visitor: () => Promise<Visitor>, name: string): Promise<Visitor> {
  const person = await visitor();
  await person.openSignUp();
  await person.page.getByRole('button', { name: 'Sign up with Acme' }).click();
  await person.page.getByLabel('Name').fill(name);
  await person.page.getByRole('button', { name: 'Agree' }).click();
  await person.page.waitForURL(/\/welcome/);
  return person;
}

async function type(visitor: () => Promise<Visitor>, email: string): Promise<Visitor> {
  const person = await visitor();
  await person.register(email);
  return person;
}

const state = (page: Page) => page.locator('#sign-in-after-registration-state');

test('a provider is on by itself, or a way of the switch that one press levels with the others', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  const ways = admin.page.locator('#ways');
  await expect(ways).toContainText('Social sign-in: set separately');
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(state(admin.page)).toHaveCount(0);
  await admin.lookAt('Social sign-in');
  await expect(admin.steps.last()).toContainText('set separately');
  await admin.lookAt('Native app');
  await expect(admin.steps.last()).toContainText('set separately');
  await (await comeFromAcme(visitor, 'anna')).expectSignedIn('anna@example.org');
  await (await type(visitor, 'one@example.org')).expectSignedOut();

  // Off, it joins the matrix as a way of its own.
  await admin.page.locator('#sign-in-after-social').setChecked(false);
  await admin.save();
  await admin.openSettings();
  await expect(ways).not.toContainText('separately');
  await expect(state(admin.page)).toContainText('Off');
  await expect(admin.signInAfterRegistration).toHaveAttribute('aria-checked', 'false');
  await (await comeFromAcme(visitor, 'berta')).expectSignedOut();

  // One of two.
  const each = admin.page.locator('#sign-in-after-registration-each');
  await each.locator('summary').click();
  await admin.page.locator('#sign-in-after-registration-oidc').setChecked(true);
  await admin.save();
  await admin.openSettings();
  await expect(state(admin.page)).toContainText('On for 1 of 2');
  await expect(admin.signInAfterRegistration).toHaveAttribute('aria-checked', 'mixed');
  await (await comeFromAcme(visitor, 'carla')).expectSignedIn('carla@example.org');
  await (await type(visitor, 'two@example.org')).expectSignedOut();

  // One press levels them.
  await admin.signInAfterRegistration.click();
  await expect(state(admin.page)).toContainText(/^On$/);
  await expect(admin.bar).toContainText('Sign in after registration: on (was on for 1 of 2 (Social sign-in))');
  await admin.save();
  await admin.openSettings();
  await expect(state(admin.page)).toContainText(/^On$/);
  await (await type(visitor, 'three@example.org')).expectSignedIn('three@example.org');
  await (await comeFromAcme(visitor, 'dora')).expectSignedIn('dora@example.org');

  await admin.signInAfterRegistration.click();
  await admin.save();
  await (await type(visitor, 'four@example.org')).expectSignedOut();
  await (await comeFromAcme(visitor, 'edda')).expectSignedOut();
});

test.describe('a gate on passwords alone', () => {
  test.use({
    config: async ({ idp }, use) => {
      const config = idp.config();
      const gate = { password: { hooks: [{ hook: 'require_verified_address' }] } };
      const flows = { verification: { enabled: true }, login: { after: gate } };
      await use({ ...config, selfservice: { ...(config.selfservice as Config), flows } });
    },
  });

  test('is on for one of two ways, and one press levels it', async ({ admin, visitor }) => {
    const gate = admin.page.locator('#require-verified-address-state');
    await admin.signInAndOpenSettings(VERIFICATION);
    await expect(gate).toContainText('On for 1 of 2');
    await expect(admin.requireVerifiedAddress).toHaveAttribute('aria-checked', 'mixed');
    await (await comeFromAcme(visitor, 'anna')).expectSignedIn('anna@example.org');
    await type(visitor, 'one@example.org');
    const early = await visitor();
    await early.signIn('one@example.org');
    await expect(early.page.getByRole('heading', { level: 1 })).toHaveText('Check your email');
    await early.expectSignedOut();

    await admin.requireVerifiedAddress.click();
    await expect(gate).toContainText(/^On$/);
    await expect(admin.bar).toContainText('Require a verified email to sign in: on (was on for 1 of 2 (Password))');
    await admin.save();
    await admin.openSettings(VERIFICATION);
    await expect(gate).toContainText(/^On$/);
    await admin.requireVerifiedAddress.click();
    await admin.save();
    await admin.openSettings(VERIFICATION);
    await expect(gate).toContainText(/^Off$/);
    const late = await visitor();
    await late.signIn('one@example.org');
    await late.page.waitForURL(/\/welcome/);
  });
});
