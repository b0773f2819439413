// The console with JavaScript on and off: both must keep what was typed and say what happened.
import { test, expect } from './fixtures';
import { Console, PASSWORDS, SETTINGS, VERIFICATION } from './console';
import { OPERATOR, Vestibule } from './vestibule';

test('a wrong password is said, and the address stays', async ({ admin, complaints }) => {
  complaints.expect(/status of 4(01|22)/);
  await admin.signIn(OPERATOR.email, 'not the password 12');
  await expect(admin.page.getByRole('alert')).toBeVisible();
  await expect(admin.email).toHaveValue(OPERATOR.email);
  await expect(admin.password).toHaveValue('');
  await admin.password.fill(OPERATOR.password);
  await admin.submit();
  await expect(admin.password).toHaveCount(0);
});

test('whoever is not signed in is led to the sign-in page', async ({ admin, complaints }) => {
  complaints.expect(/status of 401/);
  await admin.goto(SETTINGS);
  await expect(admin.password).toBeVisible();
  await expect(admin.signInAfterRegistration).toHaveCount(0);
});

test('signing out ends the session', async ({ admin, complaints }) => {
  complaints.expect(/status of 401/);
  await admin.signInAndOpenSettings();
  const cookies = await admin.page.context().cookies();
  await admin.signOut();
  await expect(admin.password).toBeVisible();
  // A copy of the cookie is worth nothing any more.
  await admin.page.context().addCookies(cookies);
  await admin.goto(SETTINGS);
  await expect(admin.password).toBeVisible();
});

test('the set-up link works once', async ({ page, elsewhere, complaints, javaScriptEnabled }) => {
  complaints.expect(/status of 4(03|04|10|22)/);
  const vestibule = await Vestibule.start({ withOperator: false });
  try {
    const link = await vestibule.setupLink();
    const set = async (admin: Console, email: string) => {
      await admin.page.locator('#email').fill(email);
      await admin.page.locator('#name').fill('Olga');
      await admin.page.locator('#password').fill(OPERATOR.password);
      await admin.submit();
    };
    const first = new Console(page, vestibule, javaScriptEnabled ?? true);
    const second = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
    // Both have it open; only one can use it.
    await first.page.goto(link);
    await second.page.goto(link);
    await set(first, OPERATOR.email);
    await expect(page.locator('#name')).toHaveCount(0);
    await set(second, 'eve@example.org');
    await second.goto(SETTINGS);
    await expect(second.signInAfterRegistration).toHaveCount(0);
    await second.page.goto(link);
    await expect(second.page.locator('#name')).toHaveCount(0);
  } finally {
    await vestibule.stop();
  }
});

test('what is saved is there after a reload, with who changed it', async ({ admin }) => {
  await admin.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('12');
  await admin.save();
  await admin.openSettings(PASSWORDS);
  await expect(admin.minPasswordLength).toHaveValue('12');
  await expect(admin.page.locator('main')).toContainText(OPERATOR.name);
});

test('a Save that came too late answers with what was typed', async ({ admin, elsewhere, vestibule, complaints, javaScriptEnabled }) => {
  complaints.expect(/status of 409/);
  await admin.signInAndOpenSettings(PASSWORDS);
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await other.signInAndOpenSettings();
  await other.setSignInAfterRegistration(true);

  await admin.minPasswordLength.fill('14');
  const answer = admin.page.waitForResponse((response) => response.request().postData()?.includes('action=save') ?? false);
  await admin.saveButton.click();
  expect((await answer).status()).toBe(409);
  await expect(admin.minPasswordLength).toHaveValue('14');
  await expect(admin.page.locator('#conflict')).toContainText('Sign in after registration: on');
  // Nothing of it was saved; a second Save, made knowingly, is.
  await other.openSettings(PASSWORDS);
  await expect(other.minPasswordLength).not.toHaveValue('14');
  await admin.saveButton.click();
  await expect(admin.status.filter({ hasText: /revision 2/i }).first()).toBeVisible();
});

test('a Save can be undone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.page.getByRole('button', { name: 'Undo' }).click();
  await expect(admin.status.filter({ hasText: 'Undone. The configuration files apply again.' }).first()).toBeVisible();
  await expect(admin.page.getByRole('button', { name: 'Undo' })).toHaveCount(0);
  await admin.openSettings();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
});

test('an impossible value comes back with a message at the field', async ({ admin, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signInAndOpenSettings(PASSWORDS);
  // The browser's own check would not even send it.
  await admin.page.locator('form', { has: admin.saveButton }).evaluate((form: HTMLFormElement) => (form.noValidate = true));
  await admin.minPasswordLength.fill('3');
  await admin.saveButton.click();
  await expect(admin.minPasswordLength).toHaveAttribute('aria-invalid', 'true');
  await expect(admin.minPasswordLength).toHaveValue('3');
});

test('discard brings back what is saved', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.inviteOnly.setChecked(true);
  await admin.page.getByText('Discard', { exact: true }).click();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.inviteOnly).not.toBeChecked();
});

test('the console is strict about what may run, be kept, and frame it', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  const headers = (await admin.goto(SETTINGS))!.headers();
  const policy = headers['content-security-policy'];
  expect(policy).toMatch(/default-src 'none'|default-src 'self'/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
  expect(headers['cache-control']).toContain('no-store');
  expect(headers['referrer-policy']).toBe('same-origin');
});

test('two windows that save against each other lose nothing', async ({ admin, vestibule, elsewhere, javaScriptEnabled, complaints }) => {
  complaints.expect(/status of 409/);
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await admin.signInAndOpenSettings(PASSWORDS);
  await other.signInAndOpenSettings(PASSWORDS);
  const breaches = other.page.locator('#breach-check');
  const similar = other.page.locator('#identifier-similarity-check');
  await admin.minPasswordLength.fill('10');
  await admin.page.locator('#breach-check').setChecked(false);
  await admin.save();
  await other.minPasswordLength.fill('14');
  await similar.setChecked(false);
  await other.saveButton.click();
  await expect(other.page.locator('#conflict')).toContainText('Revision 1');
  // What they changed, what both changed, and what was typed here.
  await expect(other.page.locator('#conflict')).toContainText('Reject breached passwords: off');
  await expect(other.page.locator('.clashes tbody tr')).toHaveText(/Minimum password length.*8.*10.*14/);
  await expect(other.minPasswordLength).toHaveValue('14');
  await expect(similar).not.toBeChecked();
  await expect(breaches).not.toBeChecked();
  await other.page.getByRole('button', { name: 'Use 10' }).click();
  await expect(other.minPasswordLength).toHaveValue('10');
  await expect(similar).not.toBeChecked();
  await other.save();
  await other.openSettings(PASSWORDS);
  await expect(other.minPasswordLength).toHaveValue('10');
  await expect(similar).not.toBeChecked();
  await expect(breaches).not.toBeChecked();
});

test('a second Save after a conflict puts what was typed in force', async ({ admin, vestibule, elsewhere, javaScriptEnabled, complaints }) => {
  complaints.expect(/status of 409/);
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await admin.signInAndOpenSettings(PASSWORDS);
  await other.signInAndOpenSettings(PASSWORDS);
  await admin.minPasswordLength.fill('10');
  await admin.save();
  await other.minPasswordLength.fill('14');
  await other.minPasswordLength.press('Enter');
  await expect(other.page.locator('#conflict')).toBeVisible();
  // Enter stays Save, though another button comes first now.
  await other.minPasswordLength.press('Enter');
  await expect(other.status.filter({ hasText: /revision 2/ }).first()).toBeVisible();
  await other.openSettings(PASSWORDS);
  await expect(other.minPasswordLength).toHaveValue('14');
});

test.describe('a session that runs out', () => {
  test.use({ config: { vestibule: { console: { session_lifespan: '10s' } } } });

  test('before Save leads back to what was typed, unsaved', async ({ admin, javaScriptEnabled, complaints }) => {
    complaints.expect(/status of 401/);
    await admin.signInAndOpenSettings();
    await admin.inviteOnly.setChecked(true);
    await admin.signInAfterRegistration.setChecked(true);
    const session = (await admin.page.context().cookies()).find((cookie) => cookie.name === 'vestibule_console');
    // Until the server says that it is over.
    await expect(async () => {
      const answer = await fetch(`${admin.page.url()}`, { headers: { cookie: `vestibule_console=${session?.value}` }, redirect: 'manual' });
      expect(answer.status).toBe(303);
    }).toPass({ timeout: 15_000 });
    await admin.saveButton.click();
    if (javaScriptEnabled) {
      // The page stays as it is; signing in happens beside it.
      await expect(admin.status).toContainText('session expired');
      const link = admin.status.getByRole('link', { name: 'Sign in' });
      const [beside] = await Promise.all([admin.page.context().waitForEvent('page'), link.click()]);
      await beside.locator('#email').fill(OPERATOR.email);
      await beside.locator('#password').fill(OPERATOR.password);
      await beside.locator('form button[type=submit]').last().click();
      await expect(beside.getByRole('heading', { level: 1 })).toHaveText('Overview');
      await beside.close();
      await expect(admin.inviteOnly).toBeChecked();
    } else {
      await admin.email.fill(OPERATOR.email);
      await admin.password.fill(OPERATOR.password);
      await admin.submit();
      await expect(admin.page.locator('#kept')).toContainText('not saved yet');
      await expect(admin.inviteOnly).toBeChecked();
      await expect(admin.signInAfterRegistration).toBeChecked();
    }
    await admin.saveButton.click();
    await expect(admin.status.filter({ hasText: /revision 1/ }).first()).toBeVisible();
  });
});

test('the switches about addresses lead people to their code and ask for it', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings(VERIFICATION);
  await admin.showVerificationPage.setChecked(true);
  await admin.requireVerifiedAddress.setChecked(true);
  await admin.save();
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('Check your email');
  const early = await visitor();
  await early.signIn('anna@example.org');
  await expect(early.page.getByRole('heading', { level: 1 })).toHaveText('Check your email');
  await early.expectSignedOut();
  await admin.openSettings(VERIFICATION);
  await admin.showVerificationPage.setChecked(false);
  await admin.requireVerifiedAddress.setChecked(false);
  await admin.save();
  const ben = await visitor();
  await ben.register('ben@example.org');
  await ben.signIn('ben@example.org');
  await ben.page.waitForURL(/\/welcome/);
  await ben.expectSignedIn('ben@example.org');
});
