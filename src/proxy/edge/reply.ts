// The answer of an instance on its way to the client: head and body as they come, a small whole in one write.
import { pairsOf } from '../upstream/alone.ts';
import type { ClientResponse } from './client.ts';
import { flushSoon } from './flush.ts';
import { cleanTrailers, type ResponseHead } from './response-head.ts';

/** Whoever sends the reply. */
export interface ReplyOwner {
  /** The client's connection is to end with this reply. */
  readonly isLast: boolean;
  /** The instance sent a head that no client can be sent; nothing of it was. */
  onUnsendable(): void;
}

/** Bodies up to this size are copied to leave with their head. */
const ONE_WRITE_BYTES = 16_384;
/** Reason phrases outside of this are replaced by the usual ones. */
const IS_REASON = /^[\t\x20-\x7e]+$/;

export class Reply {
  status = 0;
  /** The client takes no more for now. */
  isBlocked = false;
  isEventStream = false;
  private readonly response: ClientResponse;
  private readonly owner: ReplyOwner;
  private reason = '';
  /** A head that waits for the rest of this turn of the event loop. */
  private unsent: ResponseHead | null = null;
  /** The only chunk of the body so far, which waits with the head. */
  private first: Buffer | null = null;
  /** The end of the connection is the end of the body. */
  private isUnframed = false;

  constructor(response: ClientResponse, owner: ReplyOwner) {
    this.response = response;
    this.owner = owner;
  }

  head(status: number, reason: string, head: ResponseHead): void {
    this.status = status;
    this.reason = reason;
    this.isEventStream = head.isEventStream;
    this.unsent = head;
    flushSoon(this);
  }

  /** False = the client takes no more until its response drains. */
  write(chunk: Buffer): boolean {
    if (this.unsent !== null) {
      if (this.first === null && chunk.length <= ONE_WRITE_BYTES) {
        this.first = chunk;
        return true;
      }
      this.open();
    }
    if (this.response.write(chunk)) return true;
    this.isBlocked = true;
    this.response.awaitDrain();
    return false;
  }

  /** Two writes cost twice as much as one, so a small answer that came whole leaves as one text. */
  end(trailers: readonly string[]): void {
    const { unsent, first, response } = this;
    if (unsent !== null && trailers.length === 0) {
      if (!this.begin(unsent, first?.length ?? 0)) return;
      if (first === null) response.end();
      else response.end(first.toString('latin1'), 'latin1');
      return;
    }
    this.open();
    if (trailers.length > 0) response.addTrailers(pairsOf(cleanTrailers(trailers)));
    response.end();
  }

  /** Sends what waits at the end of the turn. */
  flush(): void {
    if (this.open()) this.response.flushHeaders();
  }

  /** Starts a reply that is not whole yet; true when its head is all there is so far. */
  private open(): boolean {
    const { unsent, first } = this;
    if (unsent === null || !this.begin(unsent, null)) return false;
    this.first = null;
    if (first !== null) this.response.write(first);
    return first === null;
  }

  /** Forgets what waits: the client is gone. */
  drop(): void {
    this.unsent = null;
    this.first = null;
  }

  /** Cuts the client off so that it cannot take what it got for the whole. */
  cutOff(): void {
    this.drop();
    this.response.req.cutOff(this.isUnframed);
  }

  /** Hands the head to Node. `length` is that of the body when all of it is here. */
  private begin({ headers, hasLength, trailer }: ResponseHead, length: number | null): boolean {
    const { response, status, reason } = this;
    const { method, httpVersionMinor } = response.req;
    this.unsent = null;
    const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
    const isOpen = hasBody && !hasLength && length === null;
    if (hasBody && !hasLength && length !== null) headers.push('content-length', String(length));
    if (isOpen && httpVersionMinor > 0 && trailer !== null) headers.push('trailer', trailer);
    this.isUnframed = isOpen && httpVersionMinor === 0;
    if (this.owner.isLast) response.shouldKeepAlive = false;
    try {
      if (IS_REASON.test(reason)) response.writeHead(status, reason, headers);
      else response.writeHead(status, headers);
      return true;
    } catch {
      this.owner.onUnsendable();
      return false;
    }
  }
}
