// A provider set up in the console of a running server: added from the gallery, its mapper tried, the whole trip tested against an
// independent provider, switched on, used by a visitor.
import type { Page } from '@playwright/test';
import type { Console } from './console';
import { agreeAs, CLIENT, expect, test, type Idp } from './idp';

test.use({ config: { vestibule: { web_hooks: { allowed_hosts: ['127.0.0.1', 'localhost'] } } } });

async function fill(page: Page, idp: Idp): Promise<void> {
  await page.locator('#id').fill('acme');
  await page.locator('#label').fill('Acme');
  await page.locator('#client-id').fill(CLIENT.client_id);
  await page.locator('#client-secret').fill(CLIENT.client_secret);
  await page.locator('#issuer-url').fill(idp.issuer);
  await page.getByText('Request to the provider').click();
  await page.locator('#scope').fill('openid email');
  await page.locator('#vouches').check();
}

/** The whole trip in the tab that the button opens. Without a name: the provider knows this browser already. */
async function testSignIn(admin: Console, name?: string): Promise<Page> {
  const opened = admin.page.waitForEvent('popup');
  await admin.page.getByRole('button', { name: 'Test sign-in with Acme' }).click();
  const tab = await opened;
  await tab.getByRole('link', { name: 'Continue to Acme' }).click();
  if (name) await agreeAs(tab, name);
  await tab.waitForURL(/\/social\/test\?id=/);
  return tab;
}

test('a provider is added, tried, tested and switched on without touching a file', async ({ admin, visitor, idp, vestibule, javaScriptEnabled }) => {
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.page.getByRole('link', { name: 'Social sign-in' }).click();
  await expect(admin.heading()).toHaveText('Social sign-in');
  await admin.page.getByRole('link', { name: 'Add provider' }).click();
  await admin.page.getByRole('link', { name: 'OpenID Connect', exact: true }).click();
  await expect(admin.heading()).toHaveText('Add OpenID Connect');
  await fill(admin.page, idp);

  // Nothing is saved by trying, and all but the secret comes back.
  await admin.page.locator('#claims').fill('{"sub": "1", "email": "jane@example.org", "email_verified": true}');
  await admin.page.getByRole('button', { name: 'Test mapping' }).click();
  await expect(admin.page.getByTestId('tried')).toContainText('The traits match the identity schema');
  await expect(admin.page.getByTestId('tried')).toContainText('Verified without a code: jane@example.org');
  await expect(admin.page.locator('#secret-again')).toBeVisible();
  await expect(admin.page.locator('#client-secret')).toHaveValue('');
  await expect(admin.page.locator('#label')).toHaveValue('Acme');
  await admin.page.locator('#client-secret').fill(CLIENT.client_secret);
  await admin.page.locator('#save').click();
  await expect(admin.heading()).toHaveText('Social sign-in');
  await expect(admin.status.first()).toContainText('The provider is off');
  const acme = admin.page.getByTestId('provider-acme');
  await expect(acme.getByTestId('redirect-uri')).toHaveValue(`${vestibule.publicUrl}/self-service/methods/oidc/callback/acme`);
  const copy = acme.getByRole('button', { name: 'Copy' });
  if (javaScriptEnabled) {
    await admin.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await copy.click();
    await expect(acme.locator('[data-copied]')).toHaveText('Copied.');
  } else {
    await expect(copy).toBeHidden();
  }

  const anna = await visitor();
  await anna.openSignUp();
  await expect(anna.page.getByRole('button', { name: 'Sign up with Acme' })).toHaveCount(0);

  const tab = await testSignIn(admin, 'anna');
  await expect(tab.getByTestId('outcome')).toContainText('a new account would be created');
  await expect(tab.getByTestId('outcome')).toContainText('anna@example.org (verified)');
  await expect(tab.getByTestId('claims')).toContainText('anna@example.org');
  await expect(tab.locator('.stages .bad, .stages .idle')).toHaveCount(0);
  await tab.close();

  await acme.getByRole('button', { name: 'Turn on Acme and social sign-in' }).click();
  await expect(admin.page.getByTestId('method')).toHaveAttribute('data-state', 'on');
  await anna.openSignUp();
  await anna.page.getByRole('button', { name: 'Sign up with Acme' }).click();
  await agreeAs(anna.page, 'anna');
  await anna.page.waitForURL(/\/welcome/);
  await anna.expectSignedIn('anna@example.org');

  // The test now knows her, the secret shows that it was used, and off is off.
  const again = await testSignIn(admin);
  await expect(again.getByTestId('outcome')).toContainText('an existing account would be signed in');
  await again.close();
  await admin.page.getByRole('link', { name: 'Acme' }).click();
  await expect(admin.page.getByTestId('secret-state')).toContainText('last used');
  await admin.goto('/social');
  await acme.getByRole('button', { name: 'Turn off Acme' }).click();
  await expect(acme.locator('.mark')).toHaveText('Off');
  const late = await visitor();
  await late.goto('/login');
  await expect(late.page.getByRole('button', { name: 'Sign in with Acme' })).toHaveCount(0);
});

test('a mistake is told beside its field, and a test that fails says what to change', async ({ admin, idp, complaints }) => {
  complaints.expect(/status of 422/);
  await admin.signIn();
  await expect(admin.heading()).toHaveText('Overview');
  await admin.goto('/social/new?kind=generic');
  await fill(admin.page, idp);
  await admin.page.locator('#issuer-url').fill('acme');
  await admin.page.locator('#save').click();
  await expect(admin.page.locator('#problems')).toContainText('Enter a complete URL');
  await expect(admin.page.locator('#issuer-url-problem')).toBeVisible();
  await expect(admin.page.locator('#vouches')).toBeChecked();
  await admin.page.locator('#issuer-url').fill(idp.issuer);
  await admin.page.locator('#client-secret').fill('not the secret');
  await admin.page.locator('#save').click();
  await expect(admin.heading()).toHaveText('Social sign-in');
  const tab = await testSignIn(admin, 'anna');
  await expect(tab.getByTestId('outcome')).toContainText('exchange_failed');
  await expect(tab.getByTestId('outcome')).toContainText('Check the client ID, the secret and the issuer');
  await tab.close();
});
