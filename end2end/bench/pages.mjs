// What pages weigh in Chromium, and Lighthouse's four scores of each, as lines of JSON. `cargo xtask bench --only pages`
// starts the server, calls this with one JSON argument, and prints the table. Reports: target/lighthouse.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import lighthouse, { desktopConfig } from 'lighthouse';

const task = JSON.parse(process.argv[2]);
const PERSON = { email: 'ann@example.org', password: 'quiet copper meadow 73' };
const say = (line) => console.log(JSON.stringify(line));

const port = await new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});
const profile = await mkdtemp(join(tmpdir(), 'vestibule-pages-'));
// Lighthouse opens tabs of its own in this browser, so they have its cookies.
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.VESTIBULE_CHROMIUM || undefined,
  locale: 'en-GB',
  args: [
    `--remote-debugging-port=${port}`,
    '--disable-background-networking',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ],
});
const page = await browser.newPage();
mkdirSync(task.reports, { recursive: true });

/** The right page in the right state: an error page must not pass for it. */
async function open({ url, heading, state }) {
  const answer = await page.goto(url);
  const headings = await page.locator('h1').allInnerTexts();
  if (headings.join().trim() !== heading) {
    throw new Error(`${url} answered ${answer?.status()} with "${await page.innerText('body')}", not "${heading}"`);
  }
  if (state) await page.locator(state).first().waitFor({ state: 'attached', timeout: 10_000 });
}

/** Bytes over the wire, headers included, by kind: as Chromium counts them. */
async function weigh(subject) {
  const wire = await browser.newCDPSession(page);
  await wire.send('Network.enable');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  const kinds = new Map();
  const bytes = {};
  wire.on('Network.responseReceived', ({ requestId, type, response }) =>
    kinds.set(requestId, response.mimeType === 'application/wasm' ? 'Wasm' : type),
  );
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId) ?? 'Other';
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
  });
  await open(subject);
  await page.waitForLoadState('networkidle');
  await wire.detach();
  return bytes;
}

async function score(subject, form) {
  await open(subject);
  const config = form === 'desktop' ? desktopConfig : undefined;
  const flags = { port, disableStorageReset: true, logLevel: 'error', output: 'json' };
  const { lhr, report } = await lighthouse(subject.url, flags, config);
  writeFileSync(join(task.reports, `${subject.file}-${form}.json`), report);
  if (lhr.runtimeError) throw new Error(`${subject.url}: ${lhr.runtimeError.message}`);
  const got = new URL(lhr.finalDisplayedUrl).pathname;
  if (got !== (subject.path ?? new URL(subject.url).pathname)) {
    throw new Error(`Lighthouse was led from ${subject.url} to ${got}`);
  }
  for (const audit of Object.values(lhr.audits)) {
    if (audit.score !== null && audit.score < 1 && audit.scoreDisplayMode !== 'informative') {
      console.error(`      ${subject.name}, ${form}: ${audit.id} ${audit.score} ${audit.displayValue ?? ''}`);
    }
  }
  const scores = Object.values(lhr.categories).map((category) => [category.title.toLowerCase(), category.score]);
  say({ page: `${subject.name}, ${form}`, scores: Object.fromEntries(scores) });
}

async function measure(subject) {
  console.error(`      ${subject.name}`);
  const bytes = await weigh(subject);
  const of = (...names) => names.reduce((sum, name) => sum + (bytes[name] ?? 0), 0);
  const more = subject.kratos ? { kratos: subject.kratos } : {};
  say({ page: `${subject.name}: HTML and CSS`, bytes: of('Document', 'Stylesheet'), ...more });
  if (of('Script', 'Wasm') > 0) {
    say({ page: `${subject.name}: JavaScript and WASM`, bytes: of('Script', 'Wasm'), script: true });
  }
  for (const form of ['desktop', 'mobile']) await score(subject, form);
}

try {
  const hosted = (name) => ({ name, file: name.replaceAll(' ', '-').toLowerCase(), kratos: '534 (Node UI)' });
  await measure({
    ...hosted('Sign-up'), url: `${task.public}/registration`, heading: 'Create your account',
    state: 'input[type=password]',
  });
  await measure({
    ...hosted('Sign-in'), url: `${task.public}/login`, heading: 'Sign in', state: 'input[type=password]',
  });
  await measure({
    ...hosted('Verification'), url: `${task.public}/verification`, heading: 'Verify your email',
    state: 'input[type=email]',
  });
  await page.goto(`${task.public}/registration`);
  await page.locator('input[type=email]').fill(PERSON.email);
  await page.locator('input[type=password]').fill(PERSON.password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL(/\/welcome/);
  await measure({
    ...hosted('Welcome'), url: `${task.public}/welcome`, heading: 'You are signed in',
    state: '[data-testid=signed-in-as]',
  });
  await measure({
    name: 'Console, sign-in', file: 'console-sign-in', url: `${task.console}/sign-in`, heading: 'Sign in',
    state: '#password',
  });
  await page.locator('#email').fill(task.email);
  await page.locator('#password').fill(task.password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL(/\/settings\//);
  await measure({
    name: 'Console, settings', file: 'console-settings', url: `${task.console}/settings/authentication`,
    heading: 'Authentication', state: '[data-awake]',
  });
  await measure({
    name: 'Console, history', file: 'console-history', url: `${task.console}/settings/history`, heading: 'History',
  });
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
