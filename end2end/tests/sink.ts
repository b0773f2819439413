// Another service: answers everything with 200 and `{}`, and keeps what it was sent.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Call = { path: string; headers: IncomingHttpHeaders; body: string };

export class Sink {
  readonly calls: Call[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Sink> {
    const server = createServer();
    const sink = new Sink(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        sink.calls.push({ path: request.url ?? '', headers: request.headers, body });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** After the Standard Webhooks convention, as `docs/web-hooks.md` shows it to receivers. */
export function isSignedBy(call: Call, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${call.headers['webhook-id']}.${call.headers['webhook-timestamp']}.`;
  const right = createHmac('sha256', key).update(signed).update(call.body).digest();
  const given = String(call.headers['webhook-signature'] ?? '').split(' ').filter((part) => part.startsWith('v1,'));
  return given.some((part) => {
    const signature = Buffer.from(part.slice(3), 'base64');
    return signature.length === right.length && timingSafeEqual(signature, right);
  });
}
