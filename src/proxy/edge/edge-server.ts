// Node's HTTP server, set up for a proxy: strict parsing, bounded heads, and headers left as they came.
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProxyLimits } from '../limits.ts';
import { RequestBody } from '../upstream/request-body.ts';
import type { Target } from '../upstream/target.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ClientRequest, ClientResponse } from './client.ts';
import type { Exchange } from './exchange.ts';
import { RequestHead } from './request-head.ts';

export class EdgeRequest extends IncomingMessage implements ClientRequest {
  private parsed: RequestHead | null = null;

  get head(): RequestHead {
    this.parsed ??= new RequestHead(this.rawHeaders);
    return this.parsed;
  }

  get isWhole(): boolean {
    return !this.head.hasBody || this.readableEnded;
  }

  bodyFor(onMove: () => void): RequestBody {
    return new RequestBody(this, onMove);
  }

  upstreamOf(target: Target): Upstream {
    return target.upstream;
  }

  cutOff(isUnframed: boolean): void {
    const { socket } = this;
    if (isUnframed && !('encrypted' in socket)) socket.resetAndDestroy();
    else socket.destroy();
  }
}

// Node looks at `headers.expect` of every request; the head has it, at the price of one pass.
Object.defineProperty(EdgeRequest.prototype, 'headers', {
  get(this: EdgeRequest) {
    return this.head;
  },
});

export class EdgeResponse extends ServerResponse<EdgeRequest> implements ClientResponse {
  exchange: Exchange | null = null;

  awaitDrain(): void {
    this.once('drain', onDrain);
  }
}

function onDrain(this: EdgeResponse): void {
  this.exchange?.onDrain();
}

export type EdgeServer = Server<typeof EdgeRequest, typeof EdgeResponse>;

export function edgeServer(limits: ProxyLimits): EdgeServer {
  return unlimited(createServer<typeof EdgeRequest, typeof EdgeResponse>(edgeOptions(limits)));
}

/** How HTTP/1 is read, with or without TLS beneath. */
export function edgeOptions(limits: ProxyLimits) {
  return {
    IncomingMessage: EdgeRequest,
    ServerResponse: EdgeResponse,
    insecureHTTPParser: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    // A body may take as long as it moves; see `bodyIdleMs`.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.max(100, Math.min(1000, limits.headerMs / 5)),
    keepAliveTimeout: limits.keepAliveMs,
    // The listener looks itself, for it must also know that it refused.
    requireHostHeader: false,
    shouldUpgradeCallback: mayUpgrade,
  };
}

export function unlimited(server: EdgeServer): EdgeServer {
  // Without a limit on their number; their bytes are limited. Node would drop what is beyond it silently.
  server.maxHeadersCount = 0;
  return server;
}

/** HTTP/1.0 has no upgrades (Source: RFC 9110 section 7.8), and behind an unanswered request there cannot be one. */
function mayUpgrade({ head, httpVersionMinor, socket }: EdgeRequest): boolean {
  return head.wantsUpgrade && httpVersionMinor > 0 && answerUnderWay(socket) === null;
}

/** The response that is being sent on a connection: Node keeps it there. */
export function answerUnderWay(socket: Socket): EdgeResponse | null {
  return (socket as Socket & { _httpMessage?: EdgeResponse | null })._httpMessage ?? null;
}
