// What the console's script adds: no page load, Undo, a guard on leaving, a key for Save.
import { test, expect } from './fixtures';
import { PASSWORDS, VERIFICATION } from './console';

test('Save needs no page load and can be undone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.page.evaluate(() => (document.documentElement.dataset.sameDocument = 'yes'));
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await expect(admin.page.locator('html')).toHaveAttribute('data-same-document', 'yes');
  await admin.page.getByRole('button', { name: 'Undo' }).click();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.status).toContainText('Undone. The configuration files apply again.');
  await expect(admin.page.locator('#undone')).toBeFocused();
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

test('a Save that brings a danger about counts it beside Checks at once', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  const count = admin.page.locator('#critical');
  await expect(count).toBeEmpty();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await expect(count).toHaveText(/^ *1 error or danger$/);
  await admin.openSettings();
  await expect(count).toHaveText(/^ *1 error or danger$/);
});

test('the switch works by keyboard alone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.focus();
  await admin.page.keyboard.press('Space');
  await expect(admin.signInAfterRegistration).toBeChecked();
  await admin.page.keyboard.press('Enter');
  await expect(admin.status.filter({ hasText: /revision 1/i }).first()).toBeVisible();
});

test('a double click saves once, and the focus stays', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await admin.page.route('**/api/settings/authentication', async (route) => {
    if (route.request().postData()?.includes('action=save')) await held;
    await route.continue();
  });
  await admin.saveButton.dblclick();
  answer();
  await expect(admin.status).toContainText('Saved as revision 1');
  // The bar is gone with what was unsaved.
  await expect(admin.saveButton).toBeHidden();
  await expect(admin.status).toBeFocused();
  await admin.openSettings();
  await admin.page.locator('#sign-in-after-registration-more > summary').click();
  await expect(admin.page.locator('main')).toContainText('Revision 1');
});

test('what was flipped before the script woke is neither lost nor overlooked', async ({ admin, vestibule }) => {
  await admin.signInAndOpenSettings();
  let wake = () => {};
  const asleep = new Promise<void>((done) => (wake = done));
  await admin.page.route('**/*.wasm', async (route) => {
    await asleep;
    await route.continue();
  });
  await admin.page.goto(`${vestibule.consoleUrl}/settings/authentication`);
  await admin.signInAfterRegistration.setChecked(true);
  wake();
  await admin.awake();
  await expect(admin.bar).toContainText('Sign in after registration');
  await expect(admin.signInAfterRegistration).toBeChecked();
});

test('Undo asks before it takes unsaved changes along', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.inviteOnly.evaluate((input: HTMLInputElement) => (input.checked = true));
  admin.page.once('dialog', (dialog) => dialog.dismiss());
  await admin.page.getByRole('button', { name: 'Undo' }).click();
  await expect(admin.inviteOnly).toBeChecked();
  await expect(admin.signInAfterRegistration).toBeChecked();
});

test('what is typed while a Save is under way stays', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await admin.page.route('**/api/settings/authentication', async (route) => {
    if (route.request().postData()?.includes('action=save')) await held;
    await route.continue();
  });
  await admin.signInAfterRegistration.setChecked(true);
  await admin.saveButton.click();
  await admin.inviteOnly.setChecked(true);
  answer();
  await expect(admin.status).toContainText('Saved as revision 1');
  await expect(admin.inviteOnly).toBeChecked();
  await expect(admin.bar).toContainText('Invite only: on');
});

test('a Save after the session is over says so and keeps what was typed', async ({ admin, complaints }) => {
  complaints.expect(/status of 401/);
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('15');
  await admin.page.context().clearCookies();
  await admin.saveButton.click();
  await expect(admin.status).toContainText('session expired');
  await expect(admin.minPasswordLength).toHaveValue('15');
});

test('being signed in once without proof is said before Save', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.setSignInAfterRegistration(true);
  await admin.openSettings(VERIFICATION);
  const warning = admin.page.locator('#warnings-require-verified-address');
  await expect(warning).not.toContainText('signed in once');
  await admin.requireVerifiedAddress.setChecked(true);
  await expect(admin.bar).toContainText('Require a verified email');
  await expect(warning).toContainText('Users are signed in once without verification');
  await expect(warning).toContainText('24 hours');
  await admin.requireVerifiedAddress.setChecked(false);
  await expect(warning).not.toContainText('signed in once');
});

test('a server that is away for a while loses nothing that was typed', async ({ admin, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|ERR_FAILED/);
  await admin.signInAndOpenSettings();
  await admin.inviteOnly.setChecked(true);
  await admin.signInAfterRegistration.setChecked(true);
  await admin.page.route('**/api/**', (route) => route.abort('connectionrefused'));
  await admin.saveButton.click();
  await expect(admin.status).toContainText('can’t be reached');
  await expect(admin.inviteOnly).toBeChecked();
  await admin.page.unroute('**/api/**');
  await admin.saveButton.click();
  await expect(admin.status).toContainText('Saved as revision 1');
  await admin.openSettings();
  await expect(admin.inviteOnly).toBeChecked();
  await expect(admin.signInAfterRegistration).toBeChecked();
});

test('what happens instead is asked while the switch is off, and Revert takes one change back', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await expect(admin.bar).toBeHidden();
  await admin.afterSignUp('verification_first').check();
  await expect(admin.bar).toContainText('When a user is not signed in: Show the verification page');
  await admin.signInAfterRegistration.setChecked(true);
  await expect(admin.afterSignUp('verification_first')).toBeHidden();
  await expect(admin.bar).toContainText('2 unsaved changes');
  await admin.page.locator('#unsaved-changes > summary').click();
  await admin.page.getByRole('button', { name: 'Revert Sign in after registration' }).click();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.afterSignUp('verification_first')).toBeChecked();
  await expect(admin.bar).toContainText('1 unsaved change');
  await admin.page.getByRole('button', { name: 'Revert When a user is not signed in' }).click();
  await expect(admin.afterSignUp('themselves')).toBeChecked();
  // Back where it began: nothing is unsaved, and nobody is asked on leaving.
  await expect(admin.bar).toBeHidden();
  const asked: string[] = [];
  admin.page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.accept();
  });
  await admin.openSettings();
  expect(asked).toEqual([]);
});

test('what is open and looked at stays so over a Save', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.openPresets();
  await admin.lookAt('Native app');
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await expect(admin.page.locator('#presets')).toHaveAttribute('open', '');
  await expect(admin.page.locator('#plan .panel:visible')).toHaveAttribute('data-client', 'native');
});
