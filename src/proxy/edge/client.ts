// The seam between an exchange and whatever speaks with its client: Node's HTTP server, or the fast lane.
import type { Socket } from 'node:net';
import type { Target } from '../upstream/target.ts';
import type { Upstream, UpstreamBody } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { RequestHead } from './request-head.ts';

/** A request's body as its exchange sees it. */
export type ClientBody = UpstreamBody & {
  /** A byte has been taken from the client: the body cannot be sent again. */
  readonly hasRead: boolean;
  /** The instance takes no more for now. */
  readonly isFull: boolean;
  /** Takes nothing more from the client, whose request stays as it is: another body may go on with it. */
  release(): void;
  /** Nobody wants the rest: it is read and forgotten, so that the client's next request can be. */
  discard(): void;
};

export interface ClientRequest {
  readonly head: RequestHead;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly socket: Socket;
  readonly rawTrailers: string[];
  /** The last byte of it has come. */
  readonly isWhole: boolean;
  /** `onMove` is called with every chunk that is taken, and at the end. */
  bodyFor(onMove: () => void): ClientBody;
  /** The way on which it goes to an instance. */
  upstreamOf(target: Target): Upstream;
  /** Breaks off at once. `isUnframed`: the end of the connection would be the end of the answer, so it has to look broken. */
  cutOff(isUnframed: boolean): void;
}

/** What Node's `ServerResponse` does, as far as it is needed. */
export interface ClientResponse {
  readonly req: ClientRequest;
  /** Told when the client takes more, and once the response is sent or its client gone. */
  exchange: Exchange | null;
  /** False = the connection ends with it. */
  shouldKeepAlive: boolean;
  writeContinue(): void;
  /** Headers: name, value, name, value. Throws when a client cannot be sent them. */
  writeHead(status: number, headers: string[]): unknown;
  writeHead(status: number, reason: string, headers: string[]): unknown;
  flushHeaders(): void;
  /** False = the client takes no more until it has drained. */
  write(chunk: Buffer): boolean;
  /** The exchange is told once when the client takes more. */
  awaitDrain(): void;
  addTrailers(pairs: [string, string][]): void;
  end(): unknown;
  end(text: string, encoding: 'latin1' | 'utf8'): unknown;
}
