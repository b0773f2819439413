// What the product is for: from the switch in the console to a signed-in user, and back.
import { test, expect } from './fixtures';
import { OPERATOR, Vestibule } from './vestibule';
import { Console } from './console';
import { Visitor } from './visitor';

test('from the set-up link to a signed-in user, and back', async ({ page, elsewhere, javaScriptEnabled }) => {
  // Only here is there no operator yet.
  const vestibule = await Vestibule.start({ withOperator: false });
  try {
    const admin = new Console(page, vestibule, javaScriptEnabled ?? true);
    const link = await vestibule.setupLink();
    // Looking at it burns nothing: mail scanners and previews look at links.
    await page.goto(link);
    await page.goto(link);
    await page.locator('#email').fill(OPERATOR.email);
    await page.locator('#name').fill(OPERATOR.name);
    await page.locator('#password').fill(OPERATOR.password);
    await admin.submit();
    await expect(page.locator('#name')).toHaveCount(0);

    await page.context().clearCookies();
    await admin.signInAndOpenSettings();
    await expect(admin.signInAfterRegistration).not.toBeChecked();
    await admin.setSignInAfterRegistration(true);

    const ann = new Visitor(await elsewhere(), vestibule);
    await ann.register('ann@example.org');
    await ann.expectSignedIn('ann@example.org');

    await admin.setSignInAfterRegistration(false);
    const ben = new Visitor(await elsewhere(), vestibule);
    await ben.register('ben@example.org');
    await ben.expectSignedOut();

    // Ben's account is there all the same.
    await ben.signIn('ben@example.org');
    await ben.page.waitForURL(/\/welcome/);
    await ben.expectSignedIn('ben@example.org');
  } finally {
    await vestibule.stop();
  }
});

test('a form that was open before the Save follows the new setting', async ({ admin, visitor }) => {
  const ann = await visitor();
  await ann.openSignUp();
  await admin.signInAndOpenSettings();
  await admin.setSignInAfterRegistration(true);
  await ann.signUp('ann@example.org');
  await ann.page.waitForURL(/\/welcome/);
  await ann.expectSignedIn('ann@example.org');
});

test('a switch that was flipped and not saved changes nothing', async ({ admin, visitor }) => {
  await admin.signInAndOpenSettings();
  await admin.signInAfterRegistration.setChecked(true);
  const ann = await visitor();
  await ann.register('ann@example.org');
  await ann.expectSignedOut();
});
