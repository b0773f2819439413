// The hosted pages, as people meet them: mistakes, the way back, closed doors. They have no script.
import { test, expect } from './fixtures';
import { PASSWORD } from './visitor';

test('a refused password keeps what was typed and says what is wrong', async ({ visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await ann.signUp('ann.copperfield@example.org', 'ann.copperfield@example.org');
  await expect(ann.summary()).toBeVisible();
  await expect(ann.summary()).toBeFocused();
  await expect(ann.page).toHaveTitle(/^Error: /);
  await expect(ann.message(4000031).first()).toBeVisible();
  await expect(ann.field('traits.email')).toHaveValue('ann.copperfield@example.org');
  await expect(ann.field('password')).toHaveValue('');
  await expect(ann.field('password')).toHaveAttribute('aria-invalid', 'true');
  // The same form can be sent again, and then it works.
  await ann.field('password').fill(PASSWORD);
  await ann.submit();
  await ann.page.waitForURL(/\/welcome/);
});

test('the summary leads to the field', async ({ visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await ann.signUp('ann.copperfield@example.org', 'ann.copperfield@example.org');
  await ann.summary().getByRole('link').first().click();
  await expect(ann.field('password')).toBeInViewport();
});

test('an address that is taken is said on the form, which keeps it', async ({ visitor }) => {
  await (await visitor()).register('ann@example.org');
  const second = await visitor();
  await second.openSignUp();
  await second.signUp('ann@example.org');
  await expect(second.message(4000007).first()).toBeVisible();
  await expect(second.field('traits.email')).toHaveValue('ann@example.org');
});

test('a wrong password and an unknown address read the same', async ({ visitor }) => {
  await (await visitor()).register('ann@example.org');
  const texts = [];
  for (const email of ['ann@example.org', 'nobody@example.org']) {
    const ann = await visitor();
    await ann.signIn(email, 'not the password 12');
    await expect(ann.message(4000006).first()).toBeVisible();
    await expect(ann.field('identifier')).toHaveValue(email);
    texts.push(await ann.message(4000006).first().textContent());
  }
  expect(texts[0]).toBe(texts[1]);
});

test('sign in, sign out', async ({ visitor }) => {
  const ann = await visitor();
  await ann.register('ann@example.org');
  await ann.expectSignedOut();
  await ann.signIn('ann@example.org');
  await ann.page.waitForURL(/\/welcome/);
  await ann.expectSignedIn('ann@example.org');
  await ann.page.getByTestId('logout').click();
  await expect(ann.page.getByTestId('signed-in-as')).toHaveCount(0);
  await ann.expectSignedOut();
});

test('the two pages lead to each other', async ({ visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await ann.page.getByRole('link', { name: 'Sign in' }).click();
  await expect(ann.page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
  await ann.page.getByRole('link', { name: 'Create an account' }).click();
  await expect(ann.page.getByRole('heading', { level: 1 })).toHaveText('Create your account');
});

test('password managers are told which field is which', async ({ visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await expect(ann.field('password')).toHaveAttribute('autocomplete', 'new-password');
  // The address is the name that goes with the password.
  await expect(ann.field('traits.email')).toHaveAttribute('autocomplete', 'username');
  await ann.goto('/login');
  await expect(ann.field('password')).toHaveAttribute('autocomplete', 'current-password');
});

test('the error page tells of an unknown error without failing itself', async ({ visitor, complaints }) => {
  complaints.expect(/status of 404/);
  const ann = await visitor();
  await ann.goto('/error?id=00000000-0000-4000-8000-000000000000');
  await expect(ann.page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('registration that is switched off says so, and opens again', async ({ admin, visitor, complaints }) => {
  complaints.expect(/status of 40[034]/);
  await admin.signInAndOpenSettings();
  await admin.registrationEnabled.setChecked(false);
  await admin.save();
  const ann = await visitor();
  await ann.goto('/registration');
  await expect(ann.page.getByRole('heading', { level: 1 })).toHaveText('Sign-up is closed');
  await expect(ann.field('password')).toHaveCount(0);
  await admin.openSettings();
  await admin.registrationEnabled.setChecked(true);
  await admin.save();
  await ann.register('ann@example.org');
});

test('another host name is led to the one in the base URL before a cookie is set', async ({ visitor, vestibule }) => {
  const ann = await visitor();
  const port = new URL(vestibule.publicUrl).port;
  await ann.page.goto(`http://localhost:${port}/registration`);
  expect(new URL(ann.page.url()).host).toBe(`127.0.0.1:${port}`);
  const cookies = await ann.page.context().cookies(`http://localhost:${port}/`);
  expect(cookies).toEqual([]);
  await ann.signUp('ann@example.org');
  await ann.page.waitForURL(/\/welcome/);
});

test('the sign-up page is small, and has no script', async ({ visitor }) => {
  const ann = await visitor();
  const sizes: Promise<number>[] = [];
  ann.page.on('requestfinished', (request) => {
    if (request.url().startsWith('data:')) return;
    sizes.push(request.sizes().then((size) => size.responseBodySize + size.responseHeadersSize));
  });
  await ann.openSignUp();
  await ann.page.waitForLoadState('networkidle');
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(1_000);
  expect(total).toBeLessThanOrEqual(14 * 1024);
  await expect(ann.page.locator('script')).toHaveCount(0);
});

test('hosted pages are strict about what may run, be kept, and frame them', async ({ visitor }) => {
  const ann = await visitor();
  for (const path of ['/registration', '/login', '/welcome']) {
    const answer = await ann.goto(path);
    const headers = answer!.headers();
    expect(headers['content-security-policy'], path).toMatch(/default-src 'none'/);
    expect(headers['content-security-policy'], path).toMatch(/frame-ancestors 'none'/);
    expect(headers['cache-control'], path).toContain('no-store');
    expect(headers['x-content-type-options'], path).toBe('nosniff');
  }
});
