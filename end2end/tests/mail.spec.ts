// From a sign-up over a mail to a proven address, as people and an administrator see it.
import { test, expect } from './fixtures';
import { Visitor } from './visitor';

const hooks = (...names: string[]) => names.map((hook) => ({ hook }));

const flows = (registration: string[], login: string[] = []) => ({
  selfservice: {
    flows: {
      registration: { after: { password: { hooks: hooks(...registration) } } },
      login: { after: { password: { hooks: hooks(...login) } } },
    },
  },
});

const heading = (visitor: Visitor) => visitor.page.getByRole('heading', { level: 1 });

test.describe('the page for the code after sign-up', () => {
  test.use({ config: { ...flows(['show_verification_ui']), vestibule: { pages: { resend_after: '3s' } } } });

  test('a mail is in the mailbox, its code proves the address, and then one signs in', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.openSignUp();
    await anna.signUp('anna@example.org');
    await expect(heading(anna)).toHaveText('Check your email');
    await expect(anna.page.locator('.lead')).toContainText('anna@example.org');
    await admin.signIn();
    await expect(admin.heading()).toHaveText('Overview');
    await admin.page.getByRole('link', { name: 'Mailbox' }).click();
    await expect(admin.heading()).toHaveText('Mailbox');
    const { code } = await admin.newestMail('anna@example.org');

    // What is no code costs nothing but a try, and says so.
    await anna.field('code').fill(code === '000000' ? '000001' : '000000');
    await anna.submit();
    await expect(anna.message(4070006)).toBeVisible();
    await anna.field('code').fill(code);
    await anna.submit();
    await expect(heading(anna)).toHaveText('Your email is verified');
    await anna.page.getByTestId('continue').click();
    await expect(anna.page).toHaveURL(/\/welcome/);
    await anna.expectSignedOut();
    await anna.signIn('anna@example.org');
    await anna.page.waitForURL(/\/welcome/);
    await anna.expectSignedIn('anna@example.org');
    await expect(anna.page.getByTestId('unverified')).toHaveCount(0);
  });

  test("the mail's link brings the code along, on another device too, and a button proves", async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.openSignUp();
    await anna.signUp('anna@example.org');
    await expect(heading(anna)).toHaveText('Check your email');
    await admin.signIn();
    const { link } = await admin.newestMail('anna@example.org');
    const phone = await visitor();
    await phone.page.goto(link);
    await expect(heading(phone)).toHaveText('Verify your email');
    await expect(phone.page.getByTestId('by-link')).toBeVisible();
    await expect(phone.field('code')).toBeHidden();
    await phone.submit();
    await expect(heading(phone)).toHaveText('Your email is verified');
    await phone.signIn('anna@example.org');
    await phone.expectSignedIn('anna@example.org');
  });

  test('another code can be had after a pause, and the older one is void', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.openSignUp();
    await anna.signUp('anna@example.org');
    const resend = anna.page.getByTestId('resend');
    await expect(resend).toBeHidden();
    await anna.field('code').fill('12');
    await expect(resend).toBeVisible();
    // The pause passed without taking what was typed.
    await expect(anna.field('code')).toHaveValue('12');
    await admin.signIn();
    const first = await admin.newestMail('anna@example.org');
    await resend.click();
    await expect(heading(anna)).toHaveText('Check your email');
    const second = await admin.newestMail('anna@example.org', 2);
    if (first.code !== second.code) {
      await anna.field('code').fill(first.code);
      await anna.submit();
      await expect(anna.message(4070006)).toBeVisible();
    }
    await anna.field('code').fill(second.code);
    await anna.submit();
    await expect(heading(anna)).toHaveText('Your email is verified');
  });

  test('six wrong codes end the form, and a new one leads on', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.openSignUp();
    await anna.signUp('anna@example.org');
    await admin.signIn();
    const { code } = await admin.newestMail('anna@example.org');
    const wrong = code === '000000' ? '000001' : '000000';
    for (let n = 0; n < 5; n++) {
      await anna.field('code').fill(wrong);
      await anna.submit();
      await expect(anna.message(4070006)).toBeVisible();
    }
    await anna.field('code').fill(code);
    await anna.submit();
    await expect(heading(anna)).toHaveText('Verify your email');
    await expect(anna.message(4000001)).toContainText('Request a new code');
    await anna.field('email').fill('anna@example.org');
    await anna.submit();
    const { code: newer } = await admin.newestMail('anna@example.org', 2);
    await anna.field('code').fill(newer);
    await anna.submit();
    await expect(heading(anna)).toHaveText('Your email is verified');
  });
});

test.describe('the gate at sign-in', () => {
  test.use({ config: flows(['session'], ['require_verified_address']) });

  test('is passed once at sign-up, then refuses, then lets in whoever proved the address', async ({ admin, visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    await anna.expectSignedIn('anna@example.org');
    await expect(anna.page.getByTestId('unverified')).toContainText('anna@example.org');

    const again = await visitor();
    await again.signIn('anna@example.org');
    await expect(heading(again)).toHaveText('Check your email');
    await expect(again.page.getByTestId('refused')).toBeVisible();
    await again.expectSignedOut();
    // The first session stays good.
    await anna.goto('/welcome');
    await anna.expectSignedIn('anna@example.org');

    await admin.signIn();
    // One from the sign-up, one from the refused sign-in: the newest belongs to the newest form.
    const { code } = await admin.newestMail('anna@example.org', 2);
    await again.page.goBack();
    await expect(heading(again)).toHaveText('Check your email');
    await again.field('code').fill(code);
    await again.submit();
    await expect(heading(again)).toHaveText('Your email is verified');
    await expect(again.page.getByText('You can now sign in.')).toBeVisible();
    await again.signIn('anna@example.org');
    await again.page.waitForURL(/\/welcome/);
    await again.expectSignedIn('anna@example.org');
    await anna.goto('/welcome');
    await expect(anna.page.getByTestId('unverified')).toHaveCount(0);
  });
});

test.describe('the gate without a session at sign-up', () => {
  test.use({ config: flows([], ['require_verified_address']) });

  test('says after sign-up that the mail comes first', async ({ visitor }) => {
    const anna = await visitor();
    await anna.register('anna@example.org');
    await expect(heading(anna)).toHaveText('Check your email to finish');
  });
});

test('after a sign-up that signs nobody in the page says that the account is ready', async ({ visitor }) => {
  const anna = await visitor();
  await anna.register('anna@example.org');
  await expect(heading(anna)).toHaveText('Your account is ready');
});

test('somebody who comes without a form is asked for their address', async ({ admin, visitor }) => {
  const anna = await visitor();
  await anna.register('anna@example.org');
  await anna.goto('/verification');
  await expect(heading(anna)).toHaveText('Verify your email');
  await anna.field('email').fill('anna@example');
  await anna.field('email').fill('nobody@example.org');
  await anna.submit();
  // The same words for an address that nobody has.
  await expect(heading(anna)).toHaveText('Check your email');
  await admin.signIn();
  await admin.expectMails('anna@example.org', 1);
  await admin.expectMails('nobody@example.org', 0);
});

test.describe('a mail server that does not answer', () => {
  // Nothing listens on the port for "discard" here.
  test.use({ config: { courier: { smtp: { connection_uri: 'smtp://user:hidden-pw@127.0.0.1:9/?disable_starttls=true' } } } });

  test('is told to the administrator on every page', async ({ admin, visitor }) => {
    await admin.signIn();
    await admin.page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: /^Email delivery/ }).click();
    await expect(admin.heading()).toHaveText('Email delivery');
    await expect(admin.page.locator('main .note.danger')).toHaveCount(0);
    const anna = await visitor();
    await anna.register('anna@example.org');
    await expect(async () => {
      await admin.openSettings();
      await expect(admin.page.getByTestId('mail-stuck')).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await admin.page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: /^Email delivery/ }).click();
    await expect(admin.page.locator('main .note.danger')).toContainText('Email delivery is failing');
    await expect(admin.page.locator('main')).toContainText('anna@example.org');
    await expect(admin.page.locator('main')).not.toContainText('hidden-pw');
  });
});
