// One address on which requests come in: public, or the internal one of a service.
import type { AddressInfo, Socket } from 'node:net';
import { Server as NetServer } from 'node:net';
import type { Listen } from '../../core/traffic.ts';
import { Lane } from '../lane/lane.ts';
import type { LaneResponse } from '../lane/lane-response.ts';
import { isHost } from '../routing/route-map.ts';
import type { Service } from '../routing/service.ts';
import type { ClientRequest, ClientResponse } from './client.ts';
import type { Edge } from './edge.ts';
import { answerUnderWay, type EdgeRequest, EdgeResponse, type EdgeServer, edgeServer } from './edge-server.ts';
import { Exchange, type Upgrading } from './exchange.ts';
import { answerItself, endWith } from './own-answer.ts';

/** Idle connections of a closed listener end after this; until then their next answer says `connection: close`. */
const LINGER_MS = 5_000;
const BACKLOG = 1024;

export class Listener {
  readonly edge: Edge;
  /** Everything goes to this service; null = by host and path. */
  service: string | null;
  /** What comes in here is encrypted. */
  readonly isSecure: boolean = false;
  protected readonly server: EdgeServer;
  private readonly lane: Lane | null;
  private isClosed = false;

  /** `server` reads its connections itself; without one the fast lane reads them first. */
  constructor(edge: Edge, service: string | null, server?: EdgeServer) {
    this.edge = edge;
    this.service = service;
    this.server = server ?? edgeServer(edge.limits);
    const hasLane = server === undefined && edge.limits.fastLane > 0;
    this.lane = hasLane ? new Lane(this.server, edge.limits, (response) => this.serve(response)) : null;
    this.server.on('connection', (socket) => this.admit(socket));
    this.server.on('request', (request, response) => this.handle(request, response, null));
    this.server.on('checkContinue', (request, response) => this.handle(request, response, null));
    this.server.on('upgrade', (request, socket, first) => this.upgrade(request, socket as Socket, first));
    this.server.on('connect', (_, socket) => refuseConnect(socket as Socket));
    this.server.on('clientError', (error, socket) => this.reject(error, socket as Socket));
  }

  /** Resolves when connections are taken; rejects with Node's error when the address cannot be had. */
  open({ host, port }: Listen): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog: BACKLOG }, () => {
        this.server.off('error', reject);
        this.server.on('error', () => undefined);
        resolve();
      });
    });
  }

  /** The port that was given. */
  get port(): number {
    return (this.server.address() as AddressInfo | null)?.port ?? 0;
  }

  get isClosing(): boolean {
    return this.isClosed || this.edge.isStopping;
  }

  /** Takes no new connection; open requests go on. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    // Not the HTTP server's own close: that cuts idle connections on which a request may be on its way.
    NetServer.prototype.close.call(this.server);
    setTimeout(() => {
      this.server.closeIdleConnections();
      this.lane?.closeIdle();
    }, LINGER_MS).unref();
  }

  /** Drops every connection. */
  destroy(): void {
    this.server.closeAllConnections();
    this.lane?.closeAll();
  }

  private admit(socket: Socket): void {
    const { edge } = this;
    if (edge.connections >= edge.limits.connections) {
      socket.destroy();
      return;
    }
    edge.connections += 1;
    socket.once('close', () => {
      edge.connections -= 1;
    });
    this.lane?.take(socket);
  }

  /** A request of the fast lane; false = what becomes of it is for the usual way to say. */
  private serve(response: LaneResponse): boolean {
    const place = placeOf(response.req);
    if (typeof place === 'string') return false;
    this.take(place, response, null)?.start();
    return true;
  }

  private handle(request: EdgeRequest, response: EdgeResponse, upgrading: Upgrading | null): void {
    const socket: Condemned = request.socket;
    if (socket[CONDEMNED] === true) return;
    response.on('close', onResponseClose);
    const place = placeOf(request);
    if (typeof place === 'string') {
      socket[CONDEMNED] = true;
      answerItself(response, 400, { detail: place });
      return;
    }
    const exchange = this.take(place, response, upgrading);
    if (exchange === null) return;
    if (response.socket === null) {
      // It queues behind the answers to earlier requests, and not every Node tells it when the connection ends.
      request.socket.setMaxListeners(0).once('close', () => exchange.onClosed());
    }
    exchange.start();
  }

  /** The exchange for a well-formed request, to be started; null when it is answered already. */
  protected take(place: Place, response: ClientResponse, upgrading: Upgrading | null): Exchange | null {
    const { door } = this.edge;
    if (door !== null && this.service === null && door.answers(place, response, this.isSecure)) return null;
    const service = this.serviceOf(place);
    if (this.isClosing) response.shouldKeepAlive = false;
    if (service !== undefined && !this.edge.isFull) {
      return new Exchange(this, service, place.url, response, upgrading);
    }
    service?.count.refused(this.edge.now());
    answerItself(response, service === undefined ? 404 : 503);
    return null;
  }

  private serviceOf({ host, url }: Place): Service | undefined {
    const { router } = this.edge;
    return this.service === null ? router.find(host, url === '*' ? '/' : url) : router.named(this.service);
  }

  private upgrade(request: EdgeRequest, socket: Socket, first: Buffer): void {
    socket.on('error', () => undefined);
    const response = new EdgeResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.destroySoon());
    this.handle(request, response, { socket, first, detach: () => response.detachSocket(socket) });
  }

  /** Answers what the parser refused, unless an answer is under way that this would garble. */
  private reject(error: Error & { code?: string }, socket: Socket): void {
    const isAnswering = hasOpenAnswer(socket);
    if (socket.writable && !isAnswering) endWith(socket, statusOf(error.code));
    else socket.destroy();
  }
}

/** On a connection that sent something malformed, nothing that follows can be trusted. */
const CONDEMNED = Symbol('condemned');
type Condemned = Socket & { [CONDEMNED]?: boolean };

export type Place = { readonly host: string; readonly url: string };

/** Host and path of a request; a sentence when it has none (Source: RFC 9112 sections 3.2 and 6.1). */
function placeOf({ head, url = '', method, httpVersionMajor, httpVersionMinor }: ClientRequest): Place | string {
  if (head.problem !== null) return head.problem;
  if (httpVersionMajor !== 1) return 'Only HTTP/1.0 and HTTP/1.1 are spoken here.';
  if (httpVersionMinor > 0 && head.host === undefined) return 'The Host header is missing.';
  if (httpVersionMinor === 0 && head.isChunked) return 'HTTP/1.0 has no Transfer-Encoding.';
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return { host: head.host ?? '', url };
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  if (!absolute || !isHost(absolute[1] ?? '')) return 'The request target is neither a path nor a URL.';
  const [, host = '', rest = ''] = absolute;
  return { host, url: rest.startsWith('/') ? rest : `/${rest}` };
}

function statusOf(code: string | undefined): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
  }
}

/** An answer to a request that came whole, or one that has begun. */
function hasOpenAnswer(socket: Socket): boolean {
  const response = answerUnderWay(socket);
  return response !== null && (response.headersSent || response.req.complete);
}

/** A tunnel through the proxy is not to be had; behind an unanswered request not even a word about it. */
function refuseConnect(socket: Socket): void {
  if (answerUnderWay(socket) === null) endWith(socket, 501);
  else socket.destroy();
}

function onResponseClose(this: EdgeResponse): void {
  this.exchange?.onClosed();
}
