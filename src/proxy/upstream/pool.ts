// The usual way to an instance: a pool of kept HTTP/1.1 connections.
import { type Dispatcher, errors, Pool } from 'undici';
import type { ProxyLimits } from '../limits.ts';
import { authorityOf, sendAlone } from './alone.ts';
import type { Answer, Call, Progress, Upstream, UpstreamRequest } from './upstream.ts';
import { WholeBody } from './whole-body.ts';

export function pooledUpstream(host: string, port: number, limits: ProxyLimits): Upstream {
  const pool = new Pool(`http://${authorityOf(host, port)}`, {
    allowH2: false,
    connectTimeout: limits.connectMs,
    keepAliveTimeout: limits.upstreamIdleMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  });
  return {
    send: (request, answer) => {
      if (isSpecial(request)) return sendAlone(host, port, request, answer);
      const call = new PooledCall(answer);
      call.dispatch(pool, request);
      return call;
    },
    close: () => {
      pool.destroy().catch(() => undefined);
    },
  };
}

/** What the pool cannot send. */
function isSpecial({ upgrade, trailers, path }: UpstreamRequest): boolean {
  return upgrade !== null || trailers !== null || path === '*';
}

const ABORTED = new Error('The client left.');

class PooledCall implements Dispatcher.DispatchHandler, Call {
  private readonly answer: Answer;
  private controller: Dispatcher.DispatchController | null = null;
  private progress: Progress = 'unsent';
  private isAborted = false;
  private isDispatching = false;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  dispatch(pool: Pool, { method, path, headers, body }: UpstreamRequest): void {
    this.isDispatching = true;
    const bytes = body instanceof WholeBody ? body.take() : body;
    pool.dispatch({ method, path, headers: headers as string[], body: bytes }, this);
    this.isDispatching = false;
  }

  resume(): void {
    this.controller?.resume();
  }

  abort(): void {
    this.isAborted = true;
    this.controller?.abort(ABORTED);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isAborted) controller.abort(ABORTED);
    else this.progress = 'sent';
  }

  onResponseStarted(): void {
    this.progress = 'answered';
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _: unknown, reason?: string): void {
    if (status < 200 || this.isAborted) return;
    this.answer.onHead(status, reason ?? '', toStrings(controller.rawHeaders));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isAborted && !this.answer.onBody(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (!this.isAborted) this.answer.onEnd(toStrings(controller.rawTrailers));
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.isDispatching) {
      queueMicrotask(() => this.onResponseError(null, error));
      return;
    }
    if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError)
      this.progress = 'unsendable';
    // Bytes that cannot be parsed are an answer too, though not one that has begun.
    if (error instanceof errors.HTTPParserError) this.progress = 'answered';
    if (!this.isAborted) this.answer.onFail(error, this.progress);
  }
}

/** Header bytes mean Latin-1 (Source: RFC 9110 section 5.5), which loses no byte. */
function toStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  const strings = new Array<string>(raw.length);
  for (let i = 0; i < raw.length; i += 1) {
    const one = raw[i];
    strings[i] = typeof one === 'string' ? one : (one?.toString('latin1') ?? '');
  }
  return strings;
}
