// What the fast lane cannot read of an answer, read by Node's own parser: the bytes that came, and those that follow.
import { request } from 'node:http';
import { Duplex } from 'node:stream';
import { NodeCall } from '../upstream/node-call.ts';
import type { Answer } from '../upstream/upstream.ts';

/** A connection on which the request was sent already: what Node writes is dropped, what the instance sends is pushed. */
class Replay extends Duplex {
  private readonly onWanted: () => void;

  constructor(onWanted: () => void) {
    super();
    this.onWanted = onWanted;
  }

  override _read(): void {
    this.onWanted();
  }

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

export class ReplayedAnswer extends NodeCall {
  private readonly replay: Replay;
  private hasEnded = false;

  /** `onWanted` is called when more bytes may be pushed. */
  constructor(method: string, answer: Answer, onWanted: () => void) {
    super(answer);
    this.progress = 'answered';
    this.replay = new Replay(onWanted);
    const outgoing = request({ method, headers: { host: 'instance' }, createConnection: () => this.replay });
    this.follow(outgoing);
    outgoing.end();
  }

  /** The bytes must not change afterwards. False = enough for now. */
  push(bytes: Buffer): boolean {
    return this.replay.push(bytes);
  }

  /** The instance says no more. */
  end(): void {
    if (!this.hasEnded) this.replay.push(null);
    this.hasEnded = true;
  }

  /** The connection failed. */
  cut(error: Error): void {
    this.replay.destroy(error);
  }
}

const CHUNKED_HEAD = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', 'latin1');

/** Reads the rest of a body in chunks, from a size line on; its head has been read. */
export function replayedChunks(answer: Answer, onWanted: () => void): ReplayedAnswer {
  const rest: Answer = {
    onHead: () => undefined,
    onBody: (chunk) => answer.onBody(chunk),
    onEnd: (trailers) => answer.onEnd(trailers),
    onUpgrade: (_protocol, _headers, socket) => void socket.destroy(),
    onFail: (error, progress) => answer.onFail(error, progress),
  };
  const replayed = new ReplayedAnswer('GET', rest, onWanted);
  replayed.push(CHUNKED_HEAD);
  return replayed;
}
