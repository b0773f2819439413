// An operator at the console. The only file that knows how its pages are built.
import { expect, type Locator, type Page } from '@playwright/test';
import { OPERATOR, type Vestibule } from './vestibule';

export const SETTINGS = '/settings/authentication';
export const VERIFICATION = '/settings/email-verification';
export const PASSWORDS = '/settings/password-policy';

export class Console {
  constructor(
    readonly page: Page,
    private readonly vestibule: Vestibule,
    /** Whether the page's script runs. */
    private readonly scripted: boolean,
  ) {}

  get email(): Locator {
    return this.page.locator('#email');
  }

  get password(): Locator {
    return this.page.locator('#password');
  }

  get signInAfterRegistration(): Locator {
    return this.page.locator('#sign-in-after-registration');
  }

  get registrationEnabled(): Locator {
    return this.page.locator('#registration-enabled');
  }

  get inviteOnly(): Locator {
    return this.page.locator('#invite-only');
  }

  get showVerificationPage(): Locator {
    return this.page.locator('#show-verification-page');
  }

  get requireVerifiedAddress(): Locator {
    return this.page.locator('#require-verified-address');
  }

  get minPasswordLength(): Locator {
    return this.page.locator('#min-password-length');
  }

  /** What happens to users who are not signed in, by the name it is posted with. */
  afterSignUp(answer: string): Locator {
    return this.page.locator(`#after-sign-up-${answer.replaceAll('_', '-')}`);
  }

  preset(id: string): Locator {
    return this.page.getByTestId(`preset-${id}`);
  }

  async openPresets(): Promise<void> {
    const closed = this.page.locator('#presets:not([open]) > summary');
    if (await closed.count()) await closed.click();
  }

  /** What runs, for the client that is being looked at. */
  get steps(): Locator {
    return this.page.locator('#plan .panel:visible .steps > li');
  }

  async lookAt(client: string): Promise<void> {
    await this.page.locator('.tabs').getByText(client, { exact: true }).click();
  }

  /** Until what was just touched is part of a preview, where there is a script; without one, by the button for it. */
  async previewed(): Promise<void> {
    if (this.scripted) await expect(this.page.locator('#unsaved b')).toBeVisible();
    else await this.page.getByRole('button', { name: 'Preview' }).click();
  }

  get saveButton(): Locator {
    return this.page.locator('#save');
  }

  /** Where the page says what became of a Save. */
  get status(): Locator {
    return this.page.getByRole('status');
  }

  /** The bar that names what is not saved yet. */
  get bar(): Locator {
    return this.page.locator('.save');
  }

  async goto(path: string) {
    return this.page.goto(`${this.vestibule.consoleUrl}${path}`);
  }

  heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  async submit(): Promise<void> {
    await this.page.locator('main button[type=submit], form button[type=submit]').last().click();
  }

  async signIn(email = OPERATOR.email, password = OPERATOR.password): Promise<void> {
    await this.goto('/');
    await this.email.fill(email);
    await this.password.fill(password);
    await this.submit();
  }

  async signOut(): Promise<void> {
    await this.page.locator('button.account').click();
    await this.page.getByRole('button', { name: 'Sign out' }).click();
  }

  /** One page of settings. */
  async openSettings(path = SETTINGS): Promise<void> {
    await this.goto(path);
    await expect(this.page.locator('form.settings')).toBeAttached();
    await this.awake();
  }

  async signInAndOpenSettings(path = SETTINGS): Promise<void> {
    await this.signIn();
    await expect(this.password).toHaveCount(0);
    await this.openSettings(path);
  }

  /** Until the script listens, where there is one. */
  async awake(): Promise<void> {
    if (this.scripted) await expect(this.page.locator('[data-awake]')).toBeAttached();
  }

  async save(): Promise<void> {
    await this.saveButton.click();
    await expect(this.status.filter({ hasText: /revision/i }).first()).toBeVisible();
  }

  /** Until the mailbox holds so many mails to that address. */
  async expectMails(to: string, count: number): Promise<void> {
    await expect(async () => {
      await this.goto(`/mailbox?to=${encodeURIComponent(to)}`);
      await expect(this.page.getByTestId('code')).toHaveCount(count, { timeout: 500 });
    }).toPass({ timeout: 15_000 });
  }

  /** The newest mail to that address, once there are so many: its code and its link. */
  async newestMail(to: string, count = 1): Promise<{ code: string; link: string }> {
    await this.expectMails(to, count);
    const [codes, links] = [this.page.getByTestId('code'), this.page.getByTestId('link')];
    // Some emails have one of the two alone.
    const code = (await codes.count()) > 0 ? await codes.first().innerText() : '';
    const link = (await links.count()) > 0 ? ((await links.first().getAttribute('href')) ?? '') : '';
    return { code, link };
  }

  /** From wherever the operator is, and back to a page that shows what is saved. */
  async setSignInAfterRegistration(on: boolean): Promise<void> {
    await this.openSettings();
    await this.signInAfterRegistration.setChecked(on);
    await this.save();
    await this.openSettings();
    await expect(this.signInAfterRegistration).toBeChecked({ checked: on });
  }
}
