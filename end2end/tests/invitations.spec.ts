// Sign-up by invitation: an operator makes a link, one person gets in with it.
import { test, expect } from './fixtures';

test.use({ config: { vestibule: { registration: { invite_only: true } } } });

test('a link from the console lets one person in, over a mistake, and nobody else', async ({ admin, visitor, vestibule, javaScriptEnabled }) => {
  const stranger = await visitor();
  await stranger.goto('/registration');
  await expect(stranger.page.getByRole('heading', { level: 1 })).toHaveText('Sign-up is by invitation');
  await expect(stranger.page.getByRole('link', { name: 'Create an account' })).toHaveCount(0);

  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.page.getByRole('link', { name: 'Invitations' }).click();
  await expect(admin.heading()).toHaveText('Invitations');
  await expect(admin.page.locator('main')).toContainText('No invitations yet');
  await admin.page.locator('#address').fill('anna@example.org');
  await admin.page.locator('#days').fill('2');
  await admin.page.getByRole('button', { name: 'Create invitation' }).click();
  const field = admin.page.getByTestId('link');
  const link = await field.inputValue();
  expect(link).toContain(`${vestibule.publicUrl}/self-service/registration/browser?invitation=`);
  const copy = admin.page.getByRole('button', { name: 'Copy' });
  if (javaScriptEnabled) {
    await admin.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await copy.click();
    await expect(admin.page.locator('[data-copied]')).toHaveText('Copied.');
    expect(await admin.page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  } else {
    // No button that does nothing: the link is text to select.
    await expect(copy).toBeHidden();
    await expect(field).toBeVisible();
  }
  // It was told once.
  await admin.goto('/invitations');
  await expect(admin.page.getByTestId('link')).toHaveCount(0);
  await expect(admin.page.locator('.list tbody tr')).toContainText('Pending');

  const anna = await visitor();
  await anna.page.goto(link);
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('Create your account');
  expect(anna.page.url()).not.toContain('invitation');
  await expect(anna.field('traits.email')).toHaveValue('anna@example.org');
  await anna.signUp('bert@example.org');
  await expect(anna.summary()).toContainText('Your invitation is for a different email');
  await anna.signUp('anna@example.org', 'short');
  await expect(anna.message(4000032)).toBeVisible();
  await anna.signUp('anna@example.org');
  await anna.page.waitForURL(/\/welcome/);

  await stranger.page.goto(link);
  await expect(stranger.page.getByRole('heading', { level: 1 })).toHaveText('This invitation is no longer valid');
  await admin.goto('/invitations');
  await expect(admin.page.locator('.list tbody tr')).toContainText('Accepted');
});

test('what is withdrawn does not work, and what cannot be made is said', async ({ admin, visitor, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/invitations');
  await admin.page.locator('#address').fill('nobody');
  await admin.page.getByRole('button', { name: 'Create invitation' }).click();
  await expect(admin.page.locator('#address-problem')).toContainText('is not a valid email address');
  await expect(admin.page.locator('#address')).toHaveValue('nobody');
  await admin.page.locator('#address').fill('');
  await admin.page.getByRole('button', { name: 'Create invitation' }).click();
  const link = await admin.page.getByTestId('link').inputValue();
  await admin.page.getByRole('button', { name: 'Revoke' }).click();
  await expect(admin.status.first()).toContainText('Invitation revoked');
  const anna = await visitor();
  await anna.page.goto(link);
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('This invitation is no longer valid');
});
