// The switch made whole: its answers, presets, fixes and the drawing, with JavaScript on and off.
import { test, expect } from './fixtures';
import { Console, PASSWORDS, VERIFICATION } from './console';

test('what happens instead of signing in is one choice', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  await expect(admin.afterSignUp('themselves')).toBeChecked();
  await admin.afterSignUp('verification_first').check();
  await admin.save();
  await admin.openSettings();
  await expect(admin.afterSignUp('verification_first')).toBeChecked();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await admin.openSettings(VERIFICATION);
  await expect(admin.showVerificationPage).toBeChecked();
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('Check your email');
  await anna.expectSignedOut();
  // While the switch is on, there is nothing to choose.
  await admin.setSignInAfterRegistration(true);
  await expect(admin.afterSignUp('verification_first')).toBeHidden();
});

test('signing in when the address is proven is an answer, too', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  await admin.afterSignUp('when_proven').check();
  await admin.save();
  await admin.openSettings();
  await expect(admin.afterSignUp('when_proven')).toBeChecked();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.steps.last()).toContainText('Sign in after verification');
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await anna.expectSignedOut();
  const { code } = await admin.newestMail('anna@example.org');
  await anna.page.goBack();
  await anna.field('code').fill(code);
  await anna.submit();
  await expect(anna.field('code')).toHaveCount(0);
  await anna.goto('/welcome');
  await anna.expectSignedIn('anna@example.org');
});

test('a preset shows what it would change, goes into the form, and is saved by Save alone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.openPresets();
  const preset = admin.preset('frictionless');
  await expect(preset.locator('.changes')).toContainText('Sign in after registration: on');
  await preset.getByRole('button').click();
  await expect(admin.page.locator('#applied')).toContainText('Review the changes, then save.');
  await expect(admin.signInAfterRegistration).toBeChecked();
  await expect(admin.bar).toContainText('Sign in after registration: on');
  const other = await admin.page.context().newPage();
  await other.goto(admin.page.url());
  await expect(other.locator('#sign-in-after-registration')).not.toBeChecked();
  await other.close();
  await admin.save();
  await admin.openSettings();
  await expect(admin.signInAfterRegistration).toBeChecked();
  await admin.openPresets();
  await expect(admin.preset('frictionless')).toContainText('Already applied');
});

test('a fix goes into the form; pressed twice it does no more', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('6');
  await admin.previewed();
  const fix = admin.page.getByRole('button', { name: 'Require 12 characters' });
  await fix.dblclick();
  await expect(admin.minPasswordLength).toHaveValue('12');
  await expect(admin.page.locator('#fixed')).toContainText(/in the form|Already fixed/);
  await expect(fix).toHaveCount(0);
  await expect(admin.bar).toContainText('Minimum password length: 12 (was 8)');
  await admin.save();
  await admin.openSettings(PASSWORDS);
  await expect(admin.minPasswordLength).toHaveValue('12');
});

test.describe('a list that the environment sets', () => {
  test.use({ environment: { SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS: '[]' } });

  test('is locked, says where, and holds a preset back', async ({ admin }) => {
    await admin.signInAndOpenSettings();
    await expect(admin.signInAfterRegistration).toBeDisabled();
    await expect(admin.afterSignUp('themselves')).toBeDisabled();
    await admin.openPresets();
    const preset = admin.preset('frictionless');
    await expect(preset).toContainText('SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS');
    await expect(preset.getByRole('button')).toHaveCount(0);
    // The rest of the page can be saved all the same.
    await admin.inviteOnly.setChecked(true);
    await admin.save();
  });
});

test('a Save that came too late keeps the answer that was chosen', async ({ admin, vestibule, elsewhere, javaScriptEnabled, complaints }) => {
  complaints.expect(/status of 409/);
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await admin.signInAndOpenSettings(VERIFICATION);
  await other.signInAndOpenSettings();
  await admin.requireVerifiedAddress.setChecked(true);
  await admin.save();
  await other.afterSignUp('verification_first').check();
  await other.saveButton.click();
  await expect(other.page.locator('#conflict')).toContainText('Require a verified email to sign in: on');
  await expect(other.afterSignUp('verification_first')).toBeChecked();
  await other.save();
  await other.openSettings();
  await expect(other.afterSignUp('verification_first')).toBeChecked();
  await other.openSettings(VERIFICATION);
  await expect(other.requireVerifiedAddress).toBeChecked();
});

test.describe('a hook of the whole flow', () => {
  const called = { hook: 'web_hook', config: { url: 'http://127.0.0.1:9/new', method: 'POST', response: { ignore: true } } };
  test.use({ config: { selfservice: { flows: { registration: { after: { hooks: [called] } } } } } });

  test('is drawn as it runs before, with and after the switch, for each client', async ({ admin }) => {
    await admin.signInAndOpenSettings();
    const hook = admin.steps.filter({ hasText: 'Call 127.0.0.1/new' });
    const lists = admin.page.locator('#plan .panel:visible .soft');
    await expect(hook).toHaveCount(1);
    await expect(lists).toContainText(['Uses the flow-level hooks']);
    await admin.signInAfterRegistration.setChecked(true);
    await admin.previewed();
    await expect(admin.steps.last()).toContainText('Sign in');
    await expect(admin.steps.last()).toContainText('New');
    await expect(lists.filter({ hasText: 'run as before' })).toContainText('127.0.0.1/new');
    await expect(hook.locator('.mark')).toHaveCount(0);
    await admin.lookAt('Native app');
    await expect(admin.steps.last()).toContainText('Sign in');
    await expect(admin.page.locator('#plan .panel:visible ins')).toContainText('session_token');
    await admin.lookAt('Sign-in');
    await expect(admin.steps.filter({ hasText: 'Call 127.0.0.1/new' })).toHaveCount(0);
    await expect(admin.steps.first()).toBeVisible();
    await admin.lookAt('Sign-up');
    await admin.save();
    // And back: the method inherits again.
    await admin.setSignInAfterRegistration(false);
    await expect(hook).toHaveCount(1);
    await expect(lists).toContainText(['Uses the flow-level hooks']);
  });
});
