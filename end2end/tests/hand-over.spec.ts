// Signed in when the address is proven: in the browser that signed up, and in no other.
import { test, expect } from './fixtures';
import { Visitor } from './visitor';

const heading = (visitor: Visitor) => visitor.page.getByRole('heading', { level: 1 });

test.use({
  config: {
    selfservice: {
      flows: { registration: { after: { password: { hooks: [{ hook: 'show_verification_ui' }] } } } },
    },
    vestibule: { registration: { sign_in_after_verification: true } },
  },
});

test('who types the code where they signed up is signed in, and led on', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await expect(heading(anna)).toHaveText('Check your email');
  await admin.signIn();
  const { code } = await admin.newestMail('anna@example.org');
  await anna.field('code').fill(code === '000000' ? '000001' : '000000');
  await anna.submit();
  await expect(anna.message(4070006)).toBeVisible();
  await anna.field('code').fill(code);
  await anna.submit();
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');
  await expect(anna.page.getByTestId('unverified')).toHaveCount(0);
  const left = (await anna.page.context().cookies()).filter((cookie) => cookie.name.startsWith('vestibule_deferred_login_'));
  expect(left).toEqual([]);
});

test("who opens the mail's link where they signed up is signed in with one press", async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await admin.signIn();
  const { link } = await admin.newestMail('anna@example.org');
  // A scanner was faster.
  const scanner = await visitor();
  await scanner.page.goto(link);
  await anna.page.goto(link);
  await expect(heading(anna)).toHaveText('Verify your email');
  await expect(anna.page.getByTestId('one-step')).toBeVisible();
  await anna.submit();
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');
  await scanner.expectSignedOut();
});

test('a scanner that opens the link takes nothing from the form that waits for the code', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await expect(heading(anna)).toHaveText('Check your email');
  await admin.signIn();
  const { code, link } = await admin.newestMail('anna@example.org');
  const scanner = await visitor();
  await scanner.page.goto(link);
  await expect(heading(scanner)).toHaveText('Verify your email');
  // As it was opened: not a thing of it was loaded again.
  await anna.field('code').fill(code);
  await anna.submit();
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');
});

test('on another device the address is confirmed and signing in comes next; the tab that waits stays as it is', async ({
  admin,
  visitor,
}) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await admin.signIn();
  const { code, link } = await admin.newestMail('anna@example.org');
  const phone = await visitor();
  await phone.page.goto(link);
  await phone.submit();
  await expect(heading(phone)).toHaveText('Your email is verified');
  await expect(phone.page.getByText('You can now sign in.')).toBeVisible();
  await phone.page.getByTestId('sign-in-next').click();
  await expect(heading(phone)).toHaveText('Sign in');
  await phone.expectSignedOut();
  // The first one comes too late with its code.
  await anna.field('code').fill(code);
  await anna.submit();
  await anna.expectSignedOut();
  await phone.signIn('anna@example.org');
  await phone.page.waitForURL(/\/welcome/);
  await phone.expectSignedIn('anna@example.org');
});

test('nobody else is signed out by it', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await expect(heading(anna)).toHaveText('Check your email');
  await admin.signIn();
  const first = await admin.newestMail('anna@example.org');
  const berta = await visitor();
  await berta.openSignUp();
  await berta.signUp('berta@example.org');
  const second = await admin.newestMail('berta@example.org');
  await berta.field('code').fill(second.code);
  await berta.submit();
  await berta.expectSignedIn('berta@example.org');
  // Berta opens Anna's link by mistake.
  await berta.page.goto(first.link);
  await berta.submit();
  await expect(berta.page.getByText('Another account is signed in')).toBeVisible();
  await berta.goto('/welcome');
  await berta.expectSignedIn('berta@example.org');
});
