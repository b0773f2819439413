// What every test gets: its server, further browsers, and a watch over everything the browsers complain about.
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { Console } from './console';
import { Visitor } from './visitor';
import { Vestibule, type Config } from './vestibule';

/** Complaints that a test provokes on purpose. */
export class Complaints {
  private readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];

  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  watch(context: BrowserContext): void {
    context.on('console', (message) => {
      // Violations of the content security policy arrive here as errors, with JavaScript off too.
      if (message.type() === 'error') this.seen.push(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.seen.push(`uncaught: ${error.error().message}`));
  }

  unexpected(): string[] {
    return this.seen.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }
}

type Fixtures = {
  /** Laid over the starter configuration. */
  config: Config | undefined;
  /** Variables that set keys. */
  environment: { [name: string]: string };
  vestibule: Vestibule;
  complaints: Complaints;
  /** The console in the test's own browser, with an operator who is not signed in yet. */
  admin: Console;
  /** Somebody at the public pages, in a browser that shares nothing with the others. */
  visitor: () => Promise<Visitor>;
  /** A page in a browser that shares nothing with the others. */
  elsewhere: () => Promise<Page>;
};

export const test = base.extend<Fixtures>({
  config: [undefined, { option: true }],
  environment: [{}, { option: true }],
  vestibule: async ({ config, environment }, use, info) => {
    const vestibule = await Vestibule.start({ config, environment });
    await use(vestibule);
    if (info.status !== info.expectedStatus) await info.attach('server', { body: vestibule.said() });
    await vestibule.stop();
  },
  complaints: [
    // On top of the server, so that it is read before the server stops: an answer that nobody waits for any more, such as a
    // preview's, is then no complaint.
    async ({ context, vestibule: _ }, use) => {
      const complaints = new Complaints();
      complaints.watch(context);
      await use(complaints);
      expect(complaints.unexpected(), 'what browsers complained about').toEqual([]);
    },
    { auto: true },
  ],
  elsewhere: async ({ browser, complaints, javaScriptEnabled }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ javaScriptEnabled, locale: 'en-GB' });
      complaints.watch(context);
      contexts.push(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
  visitor: async ({ vestibule, elsewhere }, use) => {
    await use(async () => new Visitor(await elsewhere(), vestibule));
  },
  admin: async ({ page, vestibule, javaScriptEnabled }, use) => {
    await use(new Console(page, vestibule, javaScriptEnabled ?? true));
  },
});

export { expect };
