// The pictures of the README: Overview, Authentication settings with the drawing, and the sign-up page, light and dark, in docs/pictures.
// A server of its own has a week behind it: earlier days are counted in its database with Python's sqlite3.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { SETTINGS } from '../tests/console';
import { expect, test } from '../tests/fixtures';
import { PASSWORD } from '../tests/visitor';

const FOLDER = resolve(__dirname, '../../docs/pictures');
/** So that a README loads quickly. */
const LARGEST = 120_000;
const QUALITIES = [90, 80, 70, 60];

const WEEK = { sign_up: [31, 42, 38, 57, 49, 23], sign_in: [188, 214, 207, 261, 243, 131] };
const USERS = ['ada', 'grace', 'katherine', 'radia', 'barbara', 'margaret'];

test.use({
  // The name on the hosted pages, and mail that is kept here.
  config: { vestibule: { pages: { name: 'Northwind' }, mailbox: { enabled: true } } },
  deviceScaleFactor: 2,
});
test.setTimeout(180_000);

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const wire = await page.context().newCDPSession(page);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.evaluate(() => document.fonts.ready);
    for (const quality of QUALITIES) {
      const { data } = await wire.send('Page.captureScreenshot', { format: 'webp', quality });
      const bytes = Buffer.from(data, 'base64');
      if (bytes.length > LARGEST && quality !== QUALITIES.at(-1)) continue;
      expect(bytes.length, `${name}-${scheme}`).toBeLessThanOrEqual(LARGEST);
      writeFileSync(join(FOLDER, `${name}-${scheme}.webp`), bytes);
      break;
    }
  }
  await wire.detach();
}

/** Sign-ups and sign-ins of the days before today. */
function earlier(folder: string): void {
  const today = Math.floor(Date.now() / 86_400_000);
  const rows = Object.entries(WEEK).flatMap(([kind, counts]) => counts.map((count, at) => [today - counts.length + at, kind, count]));
  const script = `import json, sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as db:
    db.executemany("insert into daily_counts values (?, ?, ?)", json.load(sys.stdin))`;
  const database = join(folder, 'data', 'vestibule.sqlite');
  const done = spawnSync('python3', ['-c', script, database], { input: JSON.stringify(rows), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`python3 counts no days: ${done.error ?? done.stderr}`);
}

test('overview, authentication settings and sign-up', async ({ admin, visitor, vestibule }) => {
  earlier(vestibule.folder);
  const { page } = admin;
  await page.setViewportSize({ width: 1280, height: 860 });
  await admin.signInAndOpenSettings();
  await admin.setSignInAfterRegistration(true);
  await admin.openSettings('/settings/password-policy');
  await admin.minPasswordLength.fill('12');
  await admin.save();
  for (const name of USERS) {
    const user = await visitor();
    await user.register(`${name}@northwind.example`);
    await user.page.context().close();
  }
  const again = await visitor();
  await again.signIn('ada@northwind.example', PASSWORD);

  await admin.goto('/');
  await expect(admin.heading()).toHaveText('Overview');
  await picture(page, 'overview');
  await admin.openSettings(SETTINGS);
  await admin.awake();
  await picture(page, 'authentication');

  const newcomer = await visitor();
  await newcomer.page.setViewportSize({ width: 640, height: 720 });
  await newcomer.openSignUp();
  await newcomer.field('traits.email').fill('ada@example.org');
  await picture(newcomer.page, 'sign-up');
});
