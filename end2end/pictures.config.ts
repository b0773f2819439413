// `npm run pictures`: makes the pictures of the README anew, from the binary in VESTIBULE_BIN.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

export default defineConfig({
  ...tests,
  testDir: 'pictures',
  outputDir: 'test-results/pictures',
  workers: 1,
  projects: [{ name: 'pictures' }],
});
