// The first page after a sign-in, the search, the limits, the documentation.
import { test, expect } from './fixtures';

test('the overview follows what happens', async ({ admin, visitor }) => {
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await expect(admin.page.getByTestId('step-sign-up')).toHaveAttribute('data-state', 'open');
  await expect(admin.page.getByText('No sign-ups or sign-ins in the last 7 days.')).toBeVisible();
  const anna = await visitor();
  await anna.register('anna@example.org');
  await anna.signIn('anna@example.org');
  await anna.page.waitForURL(/\/welcome/);
  await admin.goto('/');
  await expect(admin.page.getByTestId('step-sign-up')).toHaveAttribute('data-state', 'done');
  await expect(admin.page.getByTestId('week')).toHaveText('1 sign-in and 1 sign-up.');
  await admin.page.getByText('Show as a table').click();
  await expect(admin.page.locator('.numbers tbody tr')).toHaveCount(7);
  await expect(admin.page.locator('.numbers tbody tr').last()).toContainText(/1\s*1$/);
  await expect(admin.page.locator('.flow > li').first()).toContainText('Validate the form');
  await admin.page.getByTestId('health-checks').getByRole('link').click();
  await expect(admin.heading()).toHaveText('Checks');
});

test('a search finds a setting by its old name and leads to it', async ({ admin }) => {
  await admin.signIn();
  await admin.goto('/search');
  await admin.page.locator('#q').fill('enable sign in after');
  await admin.page.locator('#q').press('Enter');
  await expect(admin.page).toHaveURL(/\/search\?q=enable/);
  await admin.page.locator('#results').getByRole('link', { name: 'Sign in after registration' }).click();
  await expect(admin.page).toHaveURL(/\/settings\/authentication#sign-in-after-registration$/);
  await expect(admin.signInAfterRegistration).toBeInViewport();
});

test('the documentation is there, and a key has a place in it', async ({ admin }) => {
  await admin.signIn();
  await admin.goto('/search?q=serve.public.base_url');
  await admin.page.locator('#results').getByRole('link', { name: 'serve.public.base_url' }).click();
  await expect(admin.heading()).toHaveText('Configuration');
  await expect(admin.page.locator('tr:target')).toContainText('serve.public.base_url');
  await expect(admin.page.locator('tr:target')).toBeInViewport();
});

test.describe('with strict limits', () => {
  test.use({ config: { vestibule: { limits: { passwords: { attempts: 2 } } } } });

  test('a user who has to wait is listed and cleared', async ({ admin, visitor, complaints }) => {
    complaints.expect(/status of 429/);
    const anna = await visitor();
    await anna.register('anna@example.org');
    for (let attempt = 0; attempt < 4; attempt++) await anna.signIn('anna@example.org', 'not the password 12');
    await admin.signIn();
    await admin.goto('/limits');
    await admin.awake();
    const row = admin.page.getByTestId('limit-passwords').first();
    await expect(row).toContainText('a…@example.org');
    await admin.page.getByLabel('Email or username').fill('anna@example.org');
    await admin.page.getByRole('button', { name: 'Filter' }).click();
    await expect(admin.page).toHaveURL(/account=anna/);
    await row.getByRole('button', { name: 'Clear' }).click();
    await expect(admin.status.first()).toContainText('Limits cleared.');
    await expect(admin.page.getByText('No one is slowed down.')).toBeVisible();
  });
});
