// HTTP/2 connections of clients: their streams become requests like any other, within bounds.
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ClientResponse } from '../edge/client.ts';
import type { Edge } from '../edge/edge.ts';
import type { Exchange } from '../edge/exchange.ts';
import type { Place } from '../edge/listener.ts';
import { answerItself } from '../edge/own-answer.ts';
import type { ProxyLimits } from '../limits.ts';
import { H2Request } from './h2-request.ts';
import { H2Response } from './h2-response.ts';

export type H2Owner = {
  readonly hsts: () => string | null;
  readonly take: (place: Place, response: ClientResponse) => Exchange | null;
  readonly isClosing: () => boolean;
};

/** Requests at the same time on one connection. */
const MOST_STREAMS = 100;
/** A client that resets more streams than so many at once, and so many a second after that, is cut off (CVE-2023-44487). */
const RESET_BURST = 200;
const RESET_RATE = 20;
const MOST_HEADERS = 256;
/** Idle connections of a closed listener end after this; requests on their way until then are served. */
const LINGER_MS = 5_000;
const LAST_STREAM = 2 ** 31 - 1;

export class H2Front {
  private readonly edge: Edge;
  private readonly owner: H2Owner;
  private readonly server: Http2Server;
  private readonly sessions = new Set<ServerHttp2Session>();

  constructor(edge: Edge, owner: H2Owner) {
    this.edge = edge;
    this.owner = owner;
    this.server = serverOf(edge.limits);
    this.server.on('session', (session) => this.admit(session));
    this.server.on('sessionError', () => undefined);
    this.server.on('stream', (stream, _, __, raw) => this.handle(stream, raw));
  }

  open(socket: TLSSocket): void {
    this.server.emit('connection', socket);
  }

  /** Tells clients to come back on another connection; requests that are on their way go on. */
  close(): void {
    for (const session of this.sessions) announceEnd(session);
    setTimeout(() => {
      for (const session of this.sessions) session.close();
    }, LINGER_MS).unref();
  }

  destroy(): void {
    for (const session of this.sessions) session.destroy();
  }

  private admit(session: ServerHttp2Session): void {
    this.sessions.add(session);
    session.on('close', () => this.sessions.delete(session));
    session.on('error', () => undefined);
    const { headerMs, keepAliveMs } = this.edge.limits;
    let open = 0;
    session.on('stream', (stream: ServerHttp2Stream) => {
      if (open === 0) session.setTimeout(keepAliveMs);
      open += 1;
      stream.once('close', () => {
        open -= 1;
      });
    });
    session.setTimeout(headerMs, () => {
      if (open === 0) session.close();
    });
    if (this.owner.isClosing()) announceEnd(session);
  }

  private handle(stream: ServerHttp2Stream, raw: readonly string[] | IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    const request = new H2Request(stream, raw as readonly string[]);
    const response = new H2Response(stream, request, this.owner.hsts());
    const place = request.place;
    if (typeof place === 'string') answerItself(response, 400, { detail: place });
    else if (request.method === 'CONNECT') answerItself(response, 501);
    else this.owner.take(place, response)?.start();
  }
}

/** Source: RFC 9113 section 6.8: first without a limit, so that nothing on its way is lost. */
function announceEnd(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
}

function serverOf(limits: ProxyLimits): Http2Server {
  return createServer({
    settings: {
      enablePush: false,
      enableConnectProtocol: false,
      maxConcurrentStreams: MOST_STREAMS,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: 262_144,
    },
    maxHeaderListPairs: MOST_HEADERS,
    maxSessionMemory: 10,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
    maxSettings: 32,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESET_RATE,
    unknownProtocolTimeout: 1_000,
  });
}
