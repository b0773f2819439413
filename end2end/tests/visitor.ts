// Somebody at the hosted pages.
import { expect, type Locator, type Page } from '@playwright/test';
import type { Vestibule } from './vestibule';

export const PASSWORD = 'quiet copper meadow 73';

/** Kratos' default name of the session cookie. */
const SESSION = 'ory_kratos_session';

export class Visitor {
  constructor(
    readonly page: Page,
    private readonly vestibule: Vestibule,
  ) {}

  async goto(path: string) {
    return this.page.goto(`${this.vestibule.publicUrl}${path}`);
  }

  field(name: string): Locator {
    return this.page.getByTestId(`node/input/${name}`);
  }

  message(id: number): Locator {
    return this.page.getByTestId(`ui/message/${id}`);
  }

  summary(): Locator {
    return this.page.locator('.summary');
  }

  async submit(): Promise<void> {
    await this.page.locator('button.main[type=submit]').click();
  }

  async openSignUp(): Promise<void> {
    await this.goto('/registration');
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText('Create your account');
  }

  /** Fills and sends the form that is open. */
  async signUp(email: string, password = PASSWORD): Promise<void> {
    await this.field('traits.email').fill(email);
    await this.field('password').fill(password);
    await this.submit();
  }

  async register(email: string): Promise<void> {
    await this.openSignUp();
    await this.signUp(email);
    await this.page.waitForURL(/\/welcome/);
  }

  async signIn(email: string, password = PASSWORD): Promise<void> {
    await this.goto('/login');
    await this.field('identifier').fill(email);
    await this.field('password').fill(password);
    await this.submit();
  }

  private async hasCookie(): Promise<boolean> {
    return (await this.page.context().cookies()).some((cookie) => cookie.name === SESSION);
  }

  /** By what the page says, by the cookie, and by what the API answers to that cookie. */
  async expectSignedIn(email: string): Promise<void> {
    await expect(this.page.getByTestId('signed-in-as')).toContainText(email);
    expect(await this.hasCookie()).toBe(true);
    const whoami = await this.page.context().request.get(`${this.vestibule.publicUrl}/sessions/whoami`);
    expect(whoami.status()).toBe(200);
    expect((await whoami.json()).identity.traits.email).toBe(email);
  }

  async expectSignedOut(): Promise<void> {
    await this.goto('/welcome');
    await expect(this.page.getByTestId('signed-in-as')).toHaveCount(0);
    expect(await this.hasCookie()).toBe(false);
    const whoami = await this.page.context().request.get(`${this.vestibule.publicUrl}/sessions/whoami`);
    expect(whoami.status()).toBe(401);
  }
}
