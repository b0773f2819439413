// A server of its own for each test: the built binary, free ports, an empty data folder.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const OPERATOR = { email: 'olga@example.org', name: 'Olga', password: 'velvet lantern harbour 41' };

/** Kratos' configuration, as JSON. */
export type Config = { [key: string]: unknown };

/** What the starter file says beside addresses. */
const BASE: Config = {
  identity: { default_schema_id: 'default', schemas: [{ id: 'default', url: 'preset://email' }] },
  selfservice: {
    methods: { password: { enabled: true } },
    flows: { registration: { enabled: true, style: 'unified' }, login: { style: 'unified' }, verification: { enabled: true } },
  },
  // All tests come from one address.
  vestibule: { limits: { emails: { per_address_and_client: 1000, per_address: 1000, per_client: 100000 } } },
  hashers: { algorithm: 'argon2', argon2: { memory: '19MB', iterations: 2, parallelism: 1 } },
};

const LISTENERS = ['SERVE_PUBLIC', 'SERVE_ADMIN', 'VESTIBULE_CONSOLE'];

export class Vestibule {
  private constructor(
    private readonly process: ChildProcess,
    /** Its own; the data is below it. */
    readonly folder: string,
    private readonly log: () => string,
    /** Base URLs, without a slash at the end. */
    readonly publicUrl: string,
    readonly adminUrl: string,
    readonly consoleUrl: string,
  ) {}

  /**
   * `withOperator`: made on the command line, as an administrator would who has no browser there.
   * `config`: laid over what the starter file says; without it the starter file itself applies.
   * `environment`: variables that set keys beside the listeners'.
   */
  static async start({
    withOperator = true,
    config = undefined as Config | undefined,
    environment = {} as { [name: string]: string },
  } = {}): Promise<Vestibule> {
    const binary = process.env.VESTIBULE_BIN;
    if (!binary) throw new Error('VESTIBULE_BIN names no binary: run `cargo xtask test --only end2end`');
    const folder = await mkdtemp(join(tmpdir(), 'vestibule-'));
    const ports = await freePorts(LISTENERS.length);
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const env: NodeJS.ProcessEnv = { ...environment };
    LISTENERS.forEach((name, at) => {
      env[`${name}_HOST`] = '127.0.0.1';
      env[`${name}_PORT`] = String(ports[at]);
      env[`${name}_BASE_URL`] = `${urls[at]}/`;
    });
    const data = ['--data', join(folder, 'data')];
    if (config) {
      await writeFile(join(folder, 'base.json'), JSON.stringify(BASE));
      await writeFile(join(folder, 'more.json'), JSON.stringify(config));
      data.push('--config', join(folder, 'base.json'), '--config', join(folder, 'more.json'));
    }
    if (withOperator) await cp(withOlga(binary), join(folder, 'data'), { recursive: true });
    const child = spawn(binary, ['serve', ...data], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk) => (text += chunk));
    await new Promise<void>((ready, failed) => {
      child.stdout.on('data', (chunk) => {
        text += chunk;
        if (text.includes('Admin API')) ready();
      });
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`it ended with ${code} before it was ready:\n${text}`)));
    });
    return new Vestibule(child, folder, () => text, urls[0], urls[1], urls[2]);
  }

  /** The one-time link for the first operator, as the server left it for whoever has no terminal. */
  async setupLink(): Promise<string> {
    return (await readFile(join(this.folder, 'data', 'setup-link'), 'utf8')).trim();
  }

  /** Ends it as an administrator would, and says how that went. */
  async stop(): Promise<void> {
    const ended = new Promise<number | null>((done) => this.process.once('exit', done));
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM');
      const limit = setTimeout(() => this.process.kill('SIGKILL'), 8_000);
      const code = await ended;
      clearTimeout(limit);
      if (code !== 0) throw new Error(`SIGTERM ended it with ${code}:\n${this.log()}`);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What the server said so far, for a test that failed. */
  said(): string {
    return this.log();
  }
}

let prepared: string | undefined;

/** A data folder with the operator in it, made on the command line once for each process of tests. */
function withOlga(binary: string): string {
  if (prepared) return prepared;
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const create = ['operator', 'create', '--email', OPERATOR.email, '--name', OPERATOR.name, '--password-stdin'];
  const made = spawnSync(binary, [...create, '--data', join(folder, 'data')], { env: {}, cwd: folder, input: OPERATOR.password });
  if (made.status !== 0) throw new Error(`operator create: ${made.stderr}`);
  prepared = join(folder, 'data');
  return prepared;
}

/** All are held at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((done) => server.listen(0, '127.0.0.1', () => done(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
