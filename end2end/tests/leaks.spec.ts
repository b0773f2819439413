// Registration that leaks nothing, as people see it: the page says the same to everybody, the mail says the rest.
import { test, expect } from './fixtures';
import { PASSWORD, type Visitor } from './visitor';

test.use({
  config: {
    selfservice: { flows: { registration: { after: { password: { hooks: [{ hook: 'session' }] } } } } },
    vestibule: { registration: { prevent_enumeration: true } },
  },
});

const heading = (visitor: Visitor) => visitor.page.getByRole('heading', { level: 1 });

/** The page after a sign-up, without the address. */
async function told(visitor: Visitor, email: string): Promise<string> {
  await expect(heading(visitor)).toHaveText('Check your email');
  const text = await visitor.page.locator('main').innerText();
  await expect(visitor.message(1080003)).toContainText('If you’re new, enter the code');
  return text.replaceAll(email, 'ADDRESS');
}

test('the code makes the account and signs in, and whoever signs up again is told the same', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.signUp('anna@example.org');
  const first = await told(anna, 'anna@example.org');
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  const { code } = await admin.newestMail('anna@example.org');
  await anna.field('code').fill(code);
  await anna.submit();
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');

  const other = await visitor();
  await other.openSignUp();
  await other.signUp('anna@example.org', 'another copper meadow 74');
  expect(await told(other, 'anna@example.org')).toBe(first);
  await expect(async () => {
    await admin.goto('/mailbox?to=anna@example.org');
    await expect(admin.page.locator('.letters h2').first()).toContainText('already', { timeout: 500 });
  }).toPass({ timeout: 15_000 });
});

test('who opens the link of a sign-up that a stranger made chooses the password', async ({ admin, visitor, complaints }) => {
  complaints.expect(/status of 40[03]/);
  const stranger = await visitor();
  await stranger.openSignUp();
  await stranger.signUp('bert@example.org', 'the password of a stranger 1');
  await told(stranger, 'bert@example.org');
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  const { link } = await admin.newestMail('bert@example.org');

  const bert = await visitor();
  await bert.page.goto(link);
  await expect(bert.message(1080000)).toContainText('choose a new password');
  await expect(bert.summary()).toHaveCount(0);
  await bert.field('password').fill(PASSWORD);
  await bert.submit();
  await expect(heading(bert)).toHaveText('Your email is verified');
  await bert.signIn('bert@example.org', 'the password of a stranger 1');
  await expect(bert.summary()).toBeVisible();
  await bert.signIn('bert@example.org');
  await bert.page.waitForURL(/\/welcome/);
  await bert.expectSignedIn('bert@example.org');
});
