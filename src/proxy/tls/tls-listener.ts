// One public address of HTTPS: HTTP/2 for clients that speak it, HTTP/1.1 as on any other listener for the rest.
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientResponse } from '../edge/client.ts';
import type { Edge } from '../edge/edge.ts';
import { EdgeResponse, type EdgeServer, edgeOptions, unlimited } from '../edge/edge-server.ts';
import type { Exchange, Upgrading } from '../edge/exchange.ts';
import { Listener, type Place } from '../edge/listener.ts';
import type { Contexts } from './contexts.ts';
import { H2Front } from './h2-front.ts';

/** What all addresses of HTTPS share, changed with the table. */
export type Secured = {
  contexts: Contexts;
  /** Strict-Transport-Security of every answer that has none; null = none. */
  hsts: string | null;
};

type SecureServer = ReturnType<typeof createServer>;

export class TlsListener extends Listener {
  override readonly isSecure = true;
  private readonly secured: Secured;
  private readonly h2: H2Front;
  private readonly secureServer: SecureServer;

  constructor(edge: Edge, secured: Secured) {
    const server = serverOf(edge, secured);
    super(edge, null, unlimited(server as unknown as EdgeServer));
    this.secured = secured;
    this.secureServer = server;
    this.h2 = new H2Front(edge, {
      hsts: () => this.secured.hsts,
      take: (place, response) => this.take(place, response, null),
      isClosing: () => this.isClosing,
    });
    const [http1] = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') this.h2.open(socket);
      else http1?.call(server, socket);
    });
    // Who fails the handshake could not read an answer.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (_, socket: Socket) => socket.destroy());
  }

  /** The next handshake follows the contexts of what is shared. */
  renew(): void {
    this.secureServer.setSecureContext(this.secured.contexts.fallback);
  }

  override close(): void {
    super.close();
    this.h2.close();
  }

  override destroy(): void {
    super.destroy();
    this.h2.destroy();
  }

  protected override take(place: Place, response: ClientResponse, upgrading: Upgrading | null): Exchange | null {
    const { hsts } = this.secured;
    if (hsts !== null && response instanceof EdgeResponse) response.setHeader('strict-transport-security', hsts);
    return super.take(place, response, upgrading);
  }
}

function serverOf({ limits }: Edge, secured: Secured): SecureServer {
  return createServer({
    ...(edgeOptions(limits) as object),
    ...secured.contexts.fallback,
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (name, done) => done(null, secured.contexts.find(name)),
    handshakeTimeout: limits.headerMs,
  });
}
