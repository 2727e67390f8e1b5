// One connection to an instance: a request at a time, and its answer.
import { connect, type Socket } from 'node:net';
import type { Answer, Call, Progress, UpstreamRequest } from '../upstream/upstream.ts';
import { WholeBody } from '../upstream/whole-body.ts';
import { ChunkReader } from './chunks.ts';
import { type PlainAnswer, plainAnswerIn } from './plain-answer.ts';
import { ReplayedAnswer, replayedChunks } from './replayed.ts';
import { headText } from './request-text.ts';

/** Whoever keeps the lines. */
export interface LineKeeper {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  /** The line is good for another request, for `keptMs` by what the instance said; null when it did not say. */
  onIdle(line: InstanceLine, keptMs: number | null): void;
  onClosed(line: InstanceLine): void;
}

/** All lines read into it: what is not used up at once is copied. */
const READ = Buffer.allocUnsafeSlow(65_536);
const HEAD_END = '\r\n\r\n';
/** Bodies up to this size are copied to leave with their head. */
const ONE_WRITE_BYTES = 16_384;
const PROBE_AFTER_MS = 60_000;

export class InstanceLine implements Call {
  /** Not to be used again from then on, by `performance.now()`. */
  keptUntil = Number.POSITIVE_INFINITY;
  private readonly keeper: LineKeeper;
  private readonly socket: Socket;
  private request: UpstreamRequest | null = null;
  private answer: Answer | null = null;
  private progress: Progress = 'unsent';
  private isConnected = false;
  private head: PlainAnswer | null = null;
  /** The beginning of a head whose rest has not come. */
  private partial: Buffer | null = null;
  /** Bytes of a body with a length that are still to come. */
  private left = 0;
  private chunks: ChunkReader | null = null;
  private replayed: ReplayedAnswer | null = null;
  private isBlocked = false;

  constructor(keeper: LineKeeper) {
    this.keeper = keeper;
    const { host, port, connectMs } = keeper;
    this.socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      onread: { buffer: READ, callback: (count) => this.read(READ.subarray(0, count)) },
    });
    this.socket.setTimeout(connectMs, () => this.socket.destroy(new Error('The instance took no connection in time.')));
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('end', () => this.onEnd());
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.onClose());
  }

  isUsable(now: number): boolean {
    return now < this.keptUntil && !this.socket.destroyed;
  }

  send(request: UpstreamRequest, answer: Answer): void {
    this.request = request;
    this.answer = answer;
    this.progress = 'unsent';
    if (this.isConnected) this.write(request);
  }

  resume(): void {
    this.isBlocked = false;
    if (this.replayed) this.replayed.resume();
    else this.socket.resume();
  }

  abort(): void {
    this.answer = null;
    this.destroy();
  }

  destroy(): void {
    this.replayed?.abort();
    this.socket.destroy();
  }

  private onConnect(): void {
    this.isConnected = true;
    this.socket.setTimeout(0);
    if (this.request !== null) this.write(this.request);
  }

  private write(request: UpstreamRequest): void {
    this.progress = 'sent';
    const body = request.body instanceof WholeBody ? request.body.take() : null;
    const head = headText(request, body?.length ?? 0);
    if (body === null) this.socket.write(head, 'latin1');
    else if (body.length <= ONE_WRITE_BYTES) this.socket.write(head + body.toString('latin1'), 'latin1');
    else {
      this.socket.cork();
      this.socket.write(head, 'latin1');
      this.socket.write(body);
      this.socket.uncork();
    }
  }

  /** False = no more for now. The bytes are gone when this returns. */
  private read(bytes: Buffer): boolean {
    this.progress = 'answered';
    if (this.replayed !== null) return this.replayed.push(Buffer.from(bytes));
    if (this.answer === null) {
      // Nobody asked for this.
      this.socket.destroy();
      return true;
    }
    if (this.head === null) this.readHead(bytes);
    else this.readBody(this.head, bytes, 0);
    return !this.isBlocked;
  }

  private readHead(came: Buffer): void {
    const bytes = this.partial === null ? came : Buffer.concat([this.partial, came]);
    const end = bytes.indexOf(HEAD_END);
    const isWhole = end >= 0;
    // Of a head that is not whole, the lines that are.
    const to = isWhole ? end + 2 : bytes.lastIndexOf('\r\n') + 2;
    const head = plainAnswerIn(bytes.toString('latin1', 0, Math.max(0, to)), this.request?.method ?? '');
    if (head === null || (isWhole && head.framing === 'until-close')) this.replay(bytes);
    else if (!isWhole) this.partial = Buffer.from(bytes);
    else {
      this.partial = null;
      this.head = head;
      this.left = typeof head.framing === 'number' ? head.framing : 0;
      this.chunks = head.framing === 'chunked' ? new ChunkReader() : null;
      this.answer?.onHead(head.status, head.reason, head.raw);
      this.readBody(head, bytes, end + HEAD_END.length);
    }
  }

  private readBody(head: PlainAnswer, bytes: Buffer, from: number): void {
    if (this.chunks !== null) {
      this.readChunks(this.chunks, head, bytes, from);
      return;
    }
    const to = Math.min(bytes.length, from + this.left);
    if (to > from) {
      this.left -= to - from;
      this.take(bytes.subarray(from, to));
    }
    if (this.left === 0) this.end(head.isKept && to === bytes.length, head);
  }

  private readChunks(chunks: ChunkReader, head: PlainAnswer, bytes: Buffer, from: number): void {
    const { state, at } = chunks.read(bytes, from, (data) => this.take(data));
    if (state === 'end') this.end(head.isKept && at === bytes.length, head);
    else if (state === 'odd') this.replayChunks(Buffer.concat([chunks.unread, bytes.subarray(at)]));
    else if (state === 'broken') this.fail(new Error('A chunk is longer than its size.'));
  }

  private take(data: Buffer): void {
    if (this.answer !== null && !this.answer.onBody(Buffer.from(data))) this.isBlocked = true;
  }

  /** The answer is whole. First the line is idle, then its answer ends: what follows may use it, or close it. */
  private end(isKept: boolean, { keptMs }: PlainAnswer): void {
    const { answer } = this;
    this.answer = null;
    this.request = null;
    this.head = null;
    this.chunks = null;
    this.isBlocked = false;
    if (answer === null || !isKept) this.socket.destroy();
    else this.keeper.onIdle(this, keptMs);
    answer?.onEnd([]);
  }

  /** Node's parser reads this answer from here on; the line ends with it. */
  private replay(bytes: Buffer): void {
    const { answer, request } = this;
    if (answer === null) return;
    this.replayed = new ReplayedAnswer(request?.method ?? 'GET', this.lastAnswer(answer), () => this.socket.resume());
    this.replayed.push(Buffer.from(bytes));
  }

  private replayChunks(bytes: Buffer): void {
    const { answer } = this;
    if (answer === null) return;
    this.replayed = replayedChunks(this.lastAnswer(answer), () => this.socket.resume());
    this.replayed.push(bytes);
  }

  /** The same answer, with which the line ends. */
  private lastAnswer(answer: Answer): Answer {
    return {
      onHead: (status, reason, headers) => answer.onHead(status, reason, headers),
      onBody: (chunk) => answer.onBody(chunk),
      onEnd: (trailers) => {
        this.abort();
        answer.onEnd(trailers);
      },
      onUpgrade: (protocol, headers, socket, first) => {
        this.abort();
        answer.onUpgrade(protocol, headers, socket, first);
      },
      onFail: (error, progress) => {
        this.abort();
        answer.onFail(error, progress);
      },
    };
  }

  private onEnd(): void {
    if (this.replayed !== null) this.replayed.end();
    else this.fail(new Error('The instance ended the connection.'));
  }

  private onClose(): void {
    if (this.replayed !== null) this.replayed.end();
    else this.fail(new Error('The connection to the instance was closed.'));
    this.keeper.onClosed(this);
  }

  private fail(error: Error): void {
    if (this.replayed !== null) {
      this.replayed.cut(error);
      return;
    }
    const { answer, progress } = this;
    this.answer = null;
    this.socket.destroy();
    answer?.onFail(error, progress);
  }
}
