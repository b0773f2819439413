// The console with JavaScript on and off: both must keep what was typed and say what happened.
import { test, expect } from './fixtures';
import { Console, SETTINGS } from './console';
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
  await admin.signInAndOpenSettings();
  await admin.minPasswordLength.fill('12');
  await admin.save();
  await admin.openSettings();
  await expect(admin.minPasswordLength).toHaveValue('12');
  await expect(admin.page.locator('main')).toContainText(OPERATOR.name);
});

test('a Save that came too late answers with what was typed', async ({ admin, elsewhere, vestibule, complaints, javaScriptEnabled }) => {
  complaints.expect(/status of 409/);
  await admin.signInAndOpenSettings();
  const other = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await other.signInAndOpenSettings();
  await other.setSignInAfterRegistration(true);

  await admin.minPasswordLength.fill('14');
  const answer = admin.page.waitForResponse((response) => response.request().postData()?.includes('action=save') ?? false);
  await admin.saveButton.click();
  expect((await answer).status()).toBe(409);
  await expect(admin.minPasswordLength).toHaveValue('14');
  await expect(admin.page.locator('#conflict')).toContainText(OPERATOR.name);
  // Nothing of it was saved; a second Save, made knowingly, is.
  await other.openSettings();
  await expect(other.minPasswordLength).not.toHaveValue('14');
  await admin.saveButton.click();
  await expect(admin.status.filter({ hasText: /revision 2/i }).first()).toBeVisible();
});

test('a Save can be undone', async ({ admin }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  await admin.save();
  await admin.page.getByRole('button', { name: 'Undo' }).click();
  await expect(admin.status.filter({ hasText: /revision 2/i }).first()).toBeVisible();
  await admin.openSettings();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
});

test('an impossible value comes back with a message at the field', async ({ admin, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signInAndOpenSettings();
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
  await admin.minPasswordLength.fill('15');
  await admin.page.getByText('Discard', { exact: true }).click();
  await expect(admin.signInAfterRegistration).not.toBeChecked();
  await expect(admin.minPasswordLength).not.toHaveValue('15');
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
