// Users and their sessions, as an operator finds and changes them.
import { test, expect } from './fixtures';
import type { Visitor } from './visitor';

/** What the API answers to the session cookie of that browser. */
async function whoami(visitor: Visitor, publicUrl: string): Promise<number> {
  return (await visitor.page.context().request.get(`${publicUrl}/sessions/whoami`)).status();
}

test('a user is found, signed out, disabled, enabled and deleted', async ({ admin, visitor, vestibule, complaints }) => {
  complaints.expect(/status of 4\d\d/);
  const ada = await visitor();
  await ada.register('ada@example.org');
  await ada.signIn('ada@example.org');
  await ada.expectSignedIn('ada@example.org');
  await (await visitor()).register('bob@example.org');

  await admin.signIn();
  await expect(admin.password).toHaveCount(0);
  await admin.page.getByRole('link', { name: 'Users', exact: true }).click();
  await expect(admin.heading()).toHaveText('Users');
  const rows = admin.page.locator('.list tbody tr');
  await expect(rows).toHaveCount(2);
  await admin.awake();
  await admin.page.locator('#filter-q').fill('ADA@');
  await admin.page.getByRole('button', { name: 'Filter' }).click();
  await expect(admin.page).toHaveURL(/q=ADA/);
  await expect(rows).toHaveCount(1);
  await rows.getByRole('link').click();
  await expect(admin.heading()).toHaveText('ada@example.org');
  await admin.awake();

  const sessions = admin.page.getByTestId('sessions');
  await sessions.getByRole('button', { name: /^Sign out .* on / }).first().click();
  await expect(admin.status.first()).toContainText('Signed out');
  expect(await whoami(ada, vestibule.publicUrl)).toBe(401);

  await ada.signIn('ada@example.org');
  await ada.expectSignedIn('ada@example.org');
  await admin.page.getByRole('button', { name: 'Disable user' }).click();
  await expect(admin.page.getByTestId('state')).toHaveText('Disabled');
  await expect(sessions).toContainText('not signed in anywhere');
  expect(await whoami(ada, vestibule.publicUrl)).toBe(401);
  await ada.signIn('ada@example.org');
  expect(await whoami(ada, vestibule.publicUrl)).toBe(401);
  await admin.awake();
  await admin.page.getByRole('button', { name: 'Enable user' }).click();
  await expect(admin.page.getByTestId('state')).toHaveText('Active');

  await admin.page.locator('#delete > summary').click();
  await admin.page.locator('#typed').fill('bob@example.org');
  await admin.page.locator('#delete button[type=submit]').click();
  await expect(admin.page.locator('#typed-problem')).toContainText('Enter ada@example.org exactly');
  await admin.page.locator('#typed').fill('ada@example.org');
  await admin.page.locator('#delete button[type=submit]').click();
  await expect(admin.heading()).toHaveText('Users');
  await expect(admin.status.first()).toContainText('User deleted');
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('bob@example.org');
});

test('several sessions are signed out at once', async ({ admin, visitor, vestibule, complaints }) => {
  complaints.expect(/status of 4\d\d/);
  const browsers = [await visitor(), await visitor(), await visitor()];
  await browsers[0].register('ada@example.org');
  for (const browser of browsers) {
    await browser.signIn('ada@example.org');
    await browser.expectSignedIn('ada@example.org');
  }
  await admin.signIn();
  await expect(admin.password).toHaveCount(0);
  await admin.goto('/sessions?user=ada%40example.org');
  await admin.awake();
  const rows = admin.page.locator('.list tbody tr');
  const before = await rows.count();
  const selected = admin.page.getByRole('button', { name: 'Sign out selected' });
  await selected.click();
  await expect(admin.page.locator('#problems')).toContainText('Select at least one session');
  await rows.nth(0).getByRole('checkbox').check();
  await rows.nth(1).getByRole('checkbox').check();
  await selected.click();
  await expect(admin.status.first()).toContainText('Signed out');
  await expect(rows).toHaveCount(before - 2);
  expect(await whoami(browsers[2], vestibule.publicUrl)).toBe(401);
  expect(await whoami(browsers[1], vestibule.publicUrl)).toBe(401);
  expect(await whoami(browsers[0], vestibule.publicUrl)).toBe(200);
});
