// One request from its head to the end of its answer: route, choose, send, relay, and count what came of it.
import type { Socket } from 'node:net';
import type { RequestCount, RequestFacts } from '../observe/request-count.ts';
import type { Arm } from '../routing/arm.ts';
import { clientIdIn, cookieOf, mintClientId } from '../routing/client-id.ts';
import type { Assignee, Service, Waiting } from '../routing/service.ts';
import type { Target } from '../upstream/target.ts';
import type { Answer, Call, Progress } from '../upstream/upstream.ts';
import type { ClientBody, ClientRequest, ClientResponse } from './client.ts';
import type { Edge } from './edge.ts';
import type { Listener } from './listener.ts';
import type { Swept } from './open-exchanges.ts';
import { answerItself } from './own-answer.ts';
import { Reply, type ReplyOwner } from './reply.ts';
import type { RequestHead } from './request-head.ts';
import { cleanTrailers, responseHeadOf } from './response-head.ts';
import { startTraceparent, traceIdOf } from './trace.ts';
import { openTunnel } from './tunnel.ts';
import { upstreamHeaders } from './upstream-headers.ts';

/** Methods that may be sent twice (Source: RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** `waiting`: for an instance. `sent`: for its answer. `answering`: the head went out. `ended`: all of it did, or is about to. */
type Stage = 'waiting' | 'sent' | 'answering' | 'ended' | 'tunnel';

/** Bytes that the client sent behind an upgrade request. */
export type Upgrading = {
  readonly socket: Socket;
  readonly first: Buffer;
  /** From now on the connection is no more that of a response. */
  detach(): void;
};

export class Exchange implements Answer, Assignee, ReplyOwner, RequestFacts, Swept, Waiting {
  next: Swept | null = null;
  previous: Swept | null = null;
  arm: Arm | null = null;
  target: Target | null = null;
  isOutside = false;
  clientId: string | null = null;
  readonly method: string;
  readonly url: string;
  private readonly listener: Listener;
  private readonly edge: Edge;
  private readonly service: Service;
  private readonly request: ClientRequest;
  private readonly response: ClientResponse;
  private readonly reply: Reply;
  private readonly head: RequestHead;
  private readonly upgrading: Upgrading | null;
  private readonly traceparent: string;
  private stage: Stage = 'sent';
  private count: RequestCount | null = null;
  private call: Call | null = null;
  private body: ClientBody | null = null;
  /** The instance that failed it; set once, for there is one retry. */
  private failed: Target | null = null;
  private cookie: string | null = null;
  /** Last time that anything moved. */
  private movedAt: number;
  private waitsUntil = 0;
  /** When the last byte of the request had come. */
  private uploadedAt: number;
  private isClosed = false;

  constructor(
    listener: Listener,
    service: Service,
    url: string,
    response: ClientResponse,
    upgrading: Upgrading | null,
  ) {
    const { req: request } = response;
    const { edge } = listener;
    this.listener = listener;
    this.edge = edge;
    this.service = service;
    this.request = request;
    this.response = response;
    this.reply = new Reply(response, this);
    this.head = request.head;
    this.upgrading = upgrading;
    this.method = request.method ?? 'GET';
    this.url = url;
    this.traceparent = this.head.traceparent ?? startTraceparent();
    this.movedAt = edge.now();
    this.uploadedAt = request.isWhole ? 0 : Number.POSITIVE_INFINITY;
    response.exchange = this;
    edge.open.add(this);
    service.enter();
  }

  get isLast(): boolean {
    return this.listener.isClosing || this.upgrading !== null;
  }

  get forced(): string | null {
    return this.head.forced;
  }

  get instance(): string {
    return (this.failed ?? this.target)?.id ?? '';
  }

  get traceId(): string {
    return traceIdOf(this.traceparent);
  }

  wasUploading(time: number): boolean {
    return this.uploadedAt > time && !(this.body?.isFull ?? false);
  }

  /** Chooses an instance and sends the request there, or lets it wait for one. */
  start(): void {
    this.recognise();
    this.letGo(this.movedAt);
  }

  letGo(now: number): void {
    const { service, failed } = this;
    const isFound = failed === null ? service.assign(this, now) : service.replace(this, failed, now);
    if (isFound) this.send(now);
    else if (service.isComing) this.wait(now);
    else this.refuse(now);
  }

  /** No instance is there and none is coming, or not in time. */
  refuse(now: number): void {
    if (this.failed !== null) {
      this.answerFailure(502, now);
      return;
    }
    this.service.count.refused(now);
    this.answer(503);
  }

  private recognise(): void {
    const { service, head } = this;
    if (!service.isSticky) return;
    this.clientId = head.cookies === null ? null : clientIdIn(head.cookies);
    if (this.clientId !== null || !service.hasCandidate) return;
    this.clientId = mintClientId();
    this.cookie = cookieOf(this.clientId);
  }

  private wait(now: number): void {
    const { service } = this;
    const { holdRequests, holdMs } = service.limits;
    if (this.waitsUntil === 0) this.waitsUntil = now + holdMs;
    if (service.waiting.size < holdRequests && now < this.waitsUntil) {
      this.stage = 'waiting';
      service.waiting.add(this);
    } else this.refuse(now);
  }

  private send(now: number): void {
    const { arm, target, head, response } = this;
    if (arm === null || target === null) throw new Error('A request was sent without an instance.');
    this.stage = 'sent';
    this.movedAt = now;
    target.enter();
    if (this.count === null && this.upgrading === null) {
      this.count = this.service.count.start(arm.name, this.isOutside, now, this);
    }
    if (head.hasBody) {
      this.body = this.request.bodyFor(() => this.onBodyMove());
      if (head.expect !== undefined && this.failed === null) response.writeContinue();
    }
    this.call = this.request.upstreamOf(target).send(
      {
        method: this.method,
        path: this.url,
        headers: upstreamHeaders(this.request, arm.label, this.traceparent),
        body: this.body,
        upgrade: this.upgrading === null ? null : head.upgrade,
        trailers:
          head.trailer === null || !head.isChunked
            ? null
            : { names: head.trailer, read: () => cleanTrailers(this.request.rawTrailers) },
      },
      this,
    );
  }

  private onBodyMove(): void {
    this.movedAt = this.edge.now();
    if (this.request.isWhole) this.uploadedAt = this.movedAt;
  }

  onHead(status: number, reason: string, raw: string[]): void {
    const now = this.edge.now();
    const { service, count } = this;
    this.movedAt = now;
    const head = responseHeadOf(raw, this.arm?.label ?? '', this.cookie);
    if (status >= 500 && this.target) this.target.failures += 1;
    service.count.saw(count?.cell ?? null, now, status >= 500);
    count?.head(now, status, head.isEventStream);
    this.stage = 'answering';
    this.reply.head(status, reason, head);
  }

  onBody(chunk: Buffer): boolean {
    this.movedAt = this.edge.now();
    return this.reply.write(chunk);
  }

  onEnd(trailers: string[]): void {
    const now = this.edge.now();
    this.movedAt = now;
    this.stage = 'ended';
    this.leaveTarget();
    this.count?.end(now);
    this.body?.discard();
    this.reply.end(trailers);
  }

  /** The head of the instance's answer is none that a client may be sent. */
  onUnsendable(): void {
    const now = this.edge.now();
    if (this.target) this.target.failures += 1;
    this.count?.cut(now, 502);
    this.service.count.sawCut(this.count?.cell ?? null, now);
    this.dropCall();
    this.answer(502);
  }

  onUpgrade(protocol: string, raw: string[], socket: Socket, first: Buffer): void {
    const { upgrading } = this;
    if (upgrading === null) {
      socket.destroy();
      this.onFail(new Error('The instance changed the protocol unasked.'), 'answered');
      return;
    }
    this.service.count.saw(null, this.edge.now(), false);
    this.stage = 'tunnel';
    const { headers } = responseHeadOf(raw, this.arm?.label ?? '', this.cookie);
    upgrading.detach();
    const { tunnelIdleMs } = this.edge.limits;
    openTunnel({ upgrading, protocol, headers, socket, first, idleMs: tunnelIdleMs }, () => {
      this.leaveTarget();
      this.close();
    });
  }

  onFail(_: Error, progress: Progress): void {
    const now = this.edge.now();
    const { target, count, service } = this;
    if (progress === 'unsendable') {
      this.refuseMalformed(now);
      return;
    }
    const isCut = this.stage === 'answering';
    if (target) {
      target.failures += 1;
      if (progress === 'unsent') target.shunnedUntil = now + this.edge.limits.shunMs;
    }
    this.leaveTarget();
    count?.cut(now, isCut ? this.reply.status : 502);
    if (isCut) {
      service.count.sawCut(count?.cell ?? null, now);
      this.abandon();
      return;
    }
    if (this.mayRetry(progress)) {
      this.body?.release();
      this.failed = target;
      this.letGo(now);
    } else this.answerFailure(502, now);
  }

  /** Else a client could charge a version with failures of its own making. */
  private refuseMalformed(now: number): void {
    this.leaveTarget();
    this.count?.leave(now);
    this.service.count.saw(this.count?.cell ?? null, now, false);
    this.answer(400);
  }

  /** Nothing was answered, nothing of the body is spent, and sending it twice does no harm. */
  private mayRetry(progress: Progress): boolean {
    if (this.failed !== null || progress === 'answered' || (this.body?.hasRead ?? false)) return false;
    return progress === 'unsent' || IDEMPOTENT.has(this.method);
  }

  /** The response has been sent, or its client is gone. */
  onClosed(): void {
    if (this.stage === 'tunnel') return;
    this.reply.drop();
    if (this.stage !== 'ended') {
      const now = this.edge.now();
      this.service.waiting.delete(this);
      this.call?.abort();
      this.leaveTarget();
      this.count?.leave(now);
    }
    this.close();
  }

  /** The client takes more. */
  onDrain(): void {
    this.movedAt = this.edge.now();
    if (!this.reply.isBlocked) return;
    this.reply.isBlocked = false;
    this.call?.resume();
  }

  sweep(now: number): void {
    if (this.stage === 'waiting') {
      if (now >= this.waitsUntil && this.service.waiting.delete(this)) this.refuse(now);
      return;
    }
    if (this.stage === 'tunnel') return;
    const silentMs = now - this.movedAt;
    if (this.stage === 'sent') this.sweepSent(silentMs, now);
    else if (silentMs > (this.reply.isEventStream ? this.edge.limits.tunnelIdleMs : this.edge.limits.bodyIdleMs)) {
      this.sweepAnswer(now);
    }
  }

  private sweepSent(silentMs: number, now: number): void {
    const { body } = this;
    const isClientsTurn = body !== null && this.uploadedAt > now && !body.isFull;
    if (isClientsTurn) {
      if (silentMs <= this.edge.limits.bodyIdleMs) return;
      this.dropCall();
      this.count?.leave(now);
      this.service.count.saw(this.count?.cell ?? null, now, false);
      this.answer(408);
      return;
    }
    if (silentMs <= this.service.limits.timeoutMs) return;
    if (this.target) this.target.failures += 1;
    this.dropCall();
    this.count?.timeOut(now);
    this.answerFailure(504, now);
  }

  /** Whose turn it was decides what the silence means. */
  private sweepAnswer(now: number): void {
    const isInstancesTurn = this.stage === 'answering' && !this.reply.isBlocked;
    if (isInstancesTurn) {
      if (this.target) this.target.failures += 1;
      this.count?.cut(now, this.reply.status);
      this.service.count.sawCut(this.count?.cell ?? null, now);
    } else this.count?.leave(now);
    this.dropCall();
    this.abandon();
  }

  breakOff(): void {
    this.service.waiting.delete(this);
    this.dropCall();
    if (this.upgrading === null) this.request.cutOff(false);
    else this.upgrading.socket.destroy();
  }

  private dropCall(): void {
    this.call?.abort();
    this.leaveTarget();
  }

  private abandon(): void {
    this.stage = 'ended';
    this.reply.cutOff();
  }

  private answerFailure(status: number, now: number): void {
    this.service.count.saw(this.count?.cell ?? null, now, true);
    this.answer(status);
  }

  private answer(status: number): void {
    this.stage = 'ended';
    this.movedAt = this.edge.now();
    this.body?.discard();
    if (this.isLast) this.response.shouldKeepAlive = false;
    answerItself(this.response, status, {
      label: this.target === null ? null : (this.arm?.label ?? null),
      cookie: this.cookie,
    });
  }

  private leaveTarget(): void {
    if (this.call === null) return;
    this.call = null;
    this.target?.leave();
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.edge.open.delete(this);
    this.service.leave();
  }
}
