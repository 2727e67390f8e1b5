// The seam between the edge, which reads clients, and whatever talks to an instance.
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { WholeBody } from './whole-body.ts';

/** A stream, or bytes that are there already. */
export type UpstreamBody = Readable | WholeBody;

/** A request as it goes to an instance: hop-by-hop headers removed, framing left to the upstream side. */
export type UpstreamRequest = {
  readonly method: string;
  /** Path and query, raw. */
  readonly path: string;
  /** Name, value, name, value; without transfer-encoding and connection. */
  readonly headers: readonly string[];
  /** Null = no body. Bytes are taken from it only once the instance is connected. */
  readonly body: UpstreamBody | null;
  /** Protocol that the client wants to change to; null in an ordinary request. */
  readonly upgrade: string | null;
  /** Names of the trailers that will follow the body, and the trailers once it has ended; null = none announced. */
  readonly trailers: { readonly names: string; read(): readonly string[] } | null;
};

/**
 * `unsendable`: the request itself is malformed; no instance is to blame. `unsent`: no byte of it left. `sent`: some did.
 * `answered`: bytes of an answer came.
 */
export type Progress = 'unsendable' | 'unsent' | 'sent' | 'answered';

/** What an instance answers; called by the upstream side, in this order: head, bodies, then end or fail. Never before `send` returned. */
export interface Answer {
  /** Headers raw: name, value, name, value, as the instance sent them. Called once, never for 1xx. */
  onHead(status: number, reason: string, headers: string[]): void;
  /** False = stop reading until `resume`. */
  onBody(chunk: Buffer): boolean;
  onEnd(trailers: string[]): void;
  /** Instead of head, body and end: the instance changed the protocol; `first` are bytes that came behind its head. */
  onUpgrade(protocol: string, headers: string[], socket: Socket, first: Buffer): void;
  onFail(error: Error, progress: Progress): void;
}

/** One request under way. */
export interface Call {
  resume(): void;
  /** Drops the request; nothing of the answer is called any more. */
  abort(): void;
}

/** All connections to one instance. */
export interface Upstream {
  send(request: UpstreamRequest, answer: Answer): Call;
  /** Drops every connection, idle or not. */
  close(): void;
}
