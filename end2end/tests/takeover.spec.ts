// Proof takes over, as people see it: the form on another device asks for a password, and whose it is decides.
import { test, expect } from './fixtures';
import { PASSWORD, type Visitor } from './visitor';

test.use({
  config: {
    selfservice: { flows: { registration: { after: { password: { hooks: [{ hook: 'session' }, { hook: 'show_verification_ui' }] } } } } },
    vestibule: { registration: { reset_on_first_verification: true } },
  },
});

const heading = (visitor: Visitor) => visitor.page.getByRole('heading', { level: 1 });
const STRANGERS = 'the password of a stranger 1';

test('who opens the link of an account that a stranger made chooses the password, and the stranger is out', async ({
  admin,
  visitor,
  complaints,
}) => {
  complaints.expect(/status of 40[013]/);
  const stranger = await visitor();
  await stranger.openSignUp();
  await stranger.signUp('bert@example.org', STRANGERS);
  await expect(heading(stranger)).toHaveText('Check your email');
  const waiting = stranger.page.url();
  await stranger.goto('/welcome');
  await stranger.expectSignedIn('bert@example.org');
  await admin.signIn();
  const { link } = await admin.newestMail('bert@example.org');

  const bert = await visitor();
  await bert.page.goto(link);
  // Asked from the start, and nothing is wrong yet.
  await expect(bert.page.getByTestId('by-link')).toBeVisible();
  await expect(bert.page.getByTestId('one-step')).toHaveCount(0);
  await expect(bert.message(1080000)).toBeVisible();
  await expect(bert.summary()).toHaveCount(0);
  await bert.field('password').fill('short');
  await bert.submit();
  await expect(bert.summary()).toBeVisible();
  await expect(bert.field('code')).not.toHaveValue('');
  // The form of whoever signed up is as it was.
  await stranger.page.goto(waiting);
  await expect(heading(stranger)).toHaveText('Check your email');
  await expect(stranger.field('password')).toHaveCount(0);
  await bert.field('password').fill(PASSWORD);
  await bert.submit();
  await expect(heading(bert)).toHaveText('Your email is verified');
  await stranger.goto('/welcome');
  await expect(stranger.page.getByTestId('signed-in-as')).toHaveCount(0);
  await stranger.signIn('bert@example.org', STRANGERS);
  await expect(stranger.summary()).toBeVisible();
  await bert.signIn('bert@example.org');
  await bert.page.waitForURL(/\/welcome/);
  await bert.expectSignedIn('bert@example.org');
});

test('who signed up is asked for nothing there, and on a phone for the password that they know', async ({ admin, visitor, complaints }) => {
  complaints.expect(/status of 400/);
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  await admin.signIn();
  const first = await admin.newestMail('anna@example.org');
  await anna.field('code').fill(first.code);
  await anna.submit();
  await expect(heading(anna)).toHaveText('Your email is verified');
  await anna.goto('/welcome');
  await anna.expectSignedIn('anna@example.org');

  const berta = await visitor();
  await berta.openSignUp();
  await berta.signUp('berta@example.org');
  await expect(heading(berta)).toHaveText('Check your email');
  const { link } = await admin.newestMail('berta@example.org');
  const phone = await visitor();
  await phone.page.goto(link);
  await phone.field('password').fill(PASSWORD);
  await phone.submit();
  await expect(heading(phone)).toHaveText('Your email is verified');
  await berta.goto('/welcome');
  await berta.expectSignedIn('berta@example.org');
});
