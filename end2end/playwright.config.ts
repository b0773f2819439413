// How the browser tests run: everything with JavaScript on and off, the plain HTTP ones once.
import { defineConfig } from '@playwright/test';

const root = process.getuid?.() === 0;

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  // Each test starts a server of its own, so they may run beside each other.
  fullyParallel: true,
  workers: 2,
  // A test that passes only the second time has failed.
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    locale: 'en-GB',
    // Recording every step takes a third of the time of all tests: `npx playwright test --trace on` for the one that failed.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.VESTIBULE_CHROMIUM || undefined,
      args: [
        // Chromium refuses its sandbox to root.
        ...(root ? ['--no-sandbox'] : []),
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'javascript', testIgnore: /\.api\.spec\.ts$/, use: { javaScriptEnabled: true } },
    { name: 'no-javascript', testIgnore: /\.(api|script)\.spec\.ts$/, use: { javaScriptEnabled: false } },
    { name: 'http', testMatch: /\.api\.spec\.ts$/ },
  ],
});
