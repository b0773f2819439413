// An independent OpenID provider from a package, with a page of its own where somebody says who they are.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import Provider from 'oidc-provider';
import { expect, test as base } from './fixtures';
import type { Config, Vestibule } from './vestibule';

export const CLIENT = { client_id: 'vestibule', client_secret: 'a secret that both know, long enough' };
const MAPPER = `local claims = std.extVar('claims');
{ identity: {
  traits: { email: claims.email },
  verified_addresses: if std.get(claims, 'email_verified', false) then [{ via: 'email', value: claims.email }] else [],
} }`;

export class Idp {
  private provider: any;
  private constructor(
    private readonly server: Server,
    readonly issuer: string,
  ) {}

  static async listen(): Promise<Idp> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const idp = new Idp(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => void idp.answer(request, response));
    return idp;
  }

  /** From now on Vestibule is a client of it, by the redirect URI it is registered with. */
  allow(vestibule: Vestibule): void {
    this.provider = new Provider(this.issuer, {
      clients: [
        {
          ...CLIENT,
          redirect_uris: [`${vestibule.publicUrl}/self-service/methods/oidc/callback/acme`],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      pkce: { methods: ['S256'], required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'] },
      conformIdTokenClaims: false,
      findAccount: async (_: unknown, id: string) => ({
        accountId: id,
        claims: async () => ({ sub: id, email: `${id}@example.org`, email_verified: true }),
      }),
      // Whoever signs in there agrees to what is asked for.
      loadExistingGrant: async (ctx: any) => {
        const { client, session, provider } = ctx.oidc;
        const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope('openid email');
        await grant.save();
        return grant;
      },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_: unknown, interaction: any) => `/interaction/${interaction.uid}` },
      cookies: { keys: ['not kept'] },
    } as any);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.issuer).pathname;
    if (!path.startsWith('/interaction/')) return this.provider.callback()(request, response);
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,"><h1>Acme</h1>
        <form method="post"><label>Name <input name="login"></label><button>Agree</button></form></html>`);
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const accountId = new URLSearchParams(body).get('login') ?? '';
    await this.provider.interactionFinished(request, response, { login: { accountId } });
  }

  /** The provider as an administrator enters it. */
  config(): Config {
    const acme = {
      id: 'acme',
      provider: 'generic',
      label: 'Acme',
      ...CLIENT,
      issuer_url: this.issuer,
      scope: ['openid', 'email'],
      mapper_url: `base64://${Buffer.from(MAPPER).toString('base64')}`,
    };
    return {
      selfservice: { methods: { oidc: { enabled: true, config: { providers: [acme] } } } },
      vestibule: { social: { trusted_email_providers: ['acme'] } },
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** At the provider's own page. */
export async function agreeAs(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Acme' })).toBeVisible();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Agree' }).click();
}

export const test = base.extend<{ idp: Idp }>({
  idp: async ({}, use) => {
    const idp = await Idp.listen();
    await use(idp);
    await idp.stop();
  },
  config: async ({ idp }, use) => use(idp.config()),
  vestibule: async ({ vestibule, idp }, use) => {
    idp.allow(vestibule);
    await use(vestibule);
  },
});

export { expect };
