// Operators: an invitation by link, roles, an account of one's own.
import { Console } from './console';
import { test, expect } from './fixtures';
import { OPERATOR } from './vestibule';

const PASSWORD = 'quiet meadow copper lantern';

test('an owner invites an operator, changes the role and signs them out', async ({ admin, vestibule, elsewhere, javaScriptEnabled, complaints }) => {
  complaints.expect(/status of 410/);
  await admin.signIn();
  await admin.goto('/operators');
  await admin.awake();
  await admin.page.locator('#email').fill('edda@example.org');
  await admin.page.getByLabel('Editor').check();
  await admin.page.locator('#invite').click();
  const link = await admin.page.getByTestId('link').inputValue();
  await admin.goto('/operators');
  await expect(admin.page.getByTestId('invitation-edda@example.org')).toContainText('Editor');
  await expect(admin.page.getByTestId('link')).toHaveCount(0);

  const edda = new Console(await elsewhere(), vestibule, javaScriptEnabled ?? true);
  await edda.page.goto(link);
  await expect(edda.heading()).toHaveText('Join the console');
  await edda.page.locator('#name').fill('Edda Stone');
  await edda.password.fill(PASSWORD);
  await edda.submit();
  await expect(edda.heading()).toHaveText('Overview');
  await expect(edda.page.getByText('Owners only').first()).toBeAttached();
  await edda.page.goto(link);
  await expect(edda.heading()).toHaveText('This link has expired');

  await admin.goto('/operators');
  await admin.page.getByRole('link', { name: 'Edda Stone' }).click();
  await expect(admin.heading()).toHaveText('Edda Stone');
  await admin.awake();
  await admin.page.getByLabel('Owner').check();
  await admin.page.locator('#change-role').click();
  await expect(admin.status.first()).toContainText('Role changed');
  await edda.goto('/operators');
  await expect(edda.heading()).toHaveText('Operators');
  await admin.page.locator('#sign-out').click();
  await expect(admin.status.first()).toContainText('signed out everywhere');
  await edda.goto('/operators');
  await expect(edda.password).toBeVisible();
});

test('the only owner keeps the role', async ({ admin }) => {
  await admin.signIn();
  await admin.goto('/operators');
  await admin.page.getByRole('link', { name: OPERATOR.name }).first().click();
  await expect(admin.page.getByText('This is the last active owner')).toBeVisible();
  await expect(admin.page.locator('#change-role')).toHaveCount(0);
  await expect(admin.page.locator('#disable')).toHaveCount(0);
});

test('an operator changes name and password', async ({ admin, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signIn();
  await admin.page.locator('button.account').click();
  await admin.page.getByRole('link', { name: 'Your account' }).click();
  await expect(admin.heading()).toHaveText('Your account');
  await admin.awake();
  await admin.page.locator('#name').fill('Olga Stone');
  await admin.page.locator('#rename').click();
  await expect(admin.status.first()).toContainText('Name saved.');
  await expect(admin.page.locator('#name')).toHaveValue('Olga Stone');
  await admin.page.locator('#current-password').fill(OPERATOR.password);
  await admin.page.locator('#new-password').fill(PASSWORD);
  await admin.page.locator('#change').click();
  await expect(admin.status.first()).toContainText('Password changed.');
  await expect(admin.page.locator('#current-password')).toHaveValue('');
  await admin.signOut();
  await admin.signIn();
  await expect(admin.page.getByText('Incorrect email or password.')).toBeVisible();
  await admin.signIn(OPERATOR.email, PASSWORD);
  await expect(admin.heading()).toHaveText('Overview');
});

test('Escape and a click elsewhere close the account menu', async ({ admin }) => {
  await admin.signIn();
  const item = admin.page.getByRole('link', { name: 'Your account' });
  await expect(item).toBeHidden();
  await admin.page.locator('button.account').click();
  await expect(item).toBeVisible();
  await admin.page.keyboard.press('Escape');
  await expect(item).toBeHidden();
  await admin.page.locator('button.account').click();
  await expect(item).toBeVisible();
  await admin.heading().click();
  await expect(item).toBeHidden();
});
