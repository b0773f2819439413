// Sign-up and sign-in through an independent provider, as people do it.
import { agreeAs, expect, test } from './idp';

test('signing up through a provider signs in, and so does coming back', async ({ visitor }) => {
  const anna = await visitor();
  await anna.openSignUp();
  await anna.page.getByRole('button', { name: 'Sign up with Acme' }).click();
  await agreeAs(anna.page, 'anna');
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');

  const again = await visitor();
  await again.goto('/login');
  await again.page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await agreeAs(again.page, 'anna');
  await again.page.waitForURL(/\/welcome/);
  await again.expectSignedIn('anna@example.org');
});

test('an address that has an account is linked by signing in to it', async ({ visitor }) => {
  const first = await visitor();
  await first.register('berta@example.org');

  const berta = await visitor();
  await berta.goto('/login');
  await berta.page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await agreeAs(berta.page, 'berta');
  await expect(berta.message(1010016)).toContainText('berta@example.org');
  await berta.field('password').fill('wrong wrong wrong 1');
  await berta.submit();
  await expect(berta.message(4000006)).toBeVisible();
  await berta.field('password').fill('quiet copper meadow 73');
  await berta.submit();
  await berta.page.waitForURL(/\/welcome/);
  await berta.expectSignedIn('berta@example.org');

  const again = await visitor();
  await again.goto('/login');
  await again.page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await agreeAs(again.page, 'berta');
  await again.page.waitForURL(/\/welcome/);
  await again.expectSignedIn('berta@example.org');
});
