// The fast lane reads no answer that the parsers of Node and of the usual way refuse or read differently.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Client } from 'undici';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from './chunks.ts';
import { plainAnswerIn } from './plain-answer.ts';
import { ReplayedAnswer } from './replayed.ts';
import { anAnswer, chunkedBody } from './whatever-answers.ts';

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 100_000);
const AT_ONCE = 500;

type Read = {
  status: number;
  reason: string;
  raw: readonly string[];
  body: string;
  /** Undefined = it was refused. */
  trailers?: readonly string[];
};

/** What Node's parser makes of these bytes; null = no head. */
const readByNode = async (text: string, method: string): Promise<Read | null> => {
  let read: Read | null = null;
  let isOver = false;
  const replayed = new ReplayedAnswer(
    method,
    {
      onHead: (status, reason, raw) => {
        read = { status, reason, raw, body: '' };
      },
      onBody: (chunk) => {
        if (read !== null) read.body += chunk.toString('latin1');
        return true;
      },
      onEnd: (trailers) => {
        if (read !== null) read.trailers = trailers;
        isOver = true;
      },
      onUpgrade: () => {
        isOver = true;
      },
      onFail: () => {
        isOver = true;
      },
    },
    () => undefined,
  );
  replayed.push(Buffer.from(text, 'latin1'));
  for (let i = 0; i < 30 && !isOver; i += 1) await new Promise((resolve) => setImmediate(resolve));
  replayed.abort();
  return read;
};

class Bytes extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

/** What the parser of the usual way makes of these bytes. */
const readByPool = async (text: string, method: string): Promise<Read | null> => {
  const bytes = new Bytes();
  const client = new Client('http://instance', {
    connect: (_, done) => void setImmediate(() => done(null, bytes as unknown as Socket)),
  });
  let read: Read | null = null;
  let isOver = false;
  client.dispatch(
    { method, path: '/' },
    {
      onRequestStart: () => setImmediate(() => bytes.push(Buffer.from(text, 'latin1'))),
      onResponseStart: ({ rawHeaders }, status, _, reason = '') => {
        read = { status, reason, raw: (rawHeaders as Buffer[]).map((one) => one.toString('latin1')), body: '' };
      },
      onResponseData: (_, chunk) => {
        if (read !== null) read.body += chunk.toString('latin1');
      },
      onResponseEnd: () => {
        if (read !== null) read.trailers = [];
        isOver = true;
      },
      onResponseError: () => {
        isOver = true;
      },
    },
  );
  for (let i = 0; i < 30 && !isOver; i += 1) await new Promise((resolve) => setImmediate(resolve));
  client.destroy().catch(() => undefined);
  return read;
};

/** What the lane makes of them: the same, and how many bytes it took; null = it leaves them to Node's parser. */
const readByLane = (text: string, method: string, split: number): { read: Read; length: number } | null => {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? null : plainAnswerIn(text.slice(0, end + 2), method);
  if (head === null || head.framing === 'until-close') return null;
  const { status, reason, raw, framing } = head;
  const from = end + 4;
  if (framing !== 'chunked') {
    const body = text.slice(from, from + framing);
    const isWhole = body.length === framing;
    return { read: { status, reason, raw, body, ...(isWhole ? { trailers: [] } : {}) }, length: from + body.length };
  }
  const reader = new ChunkReader();
  let body = '';
  let length = from;
  let state = 'more';
  for (const part of [text.slice(from, from + split), text.slice(from + split)]) {
    const bytes = Buffer.from(part, 'latin1');
    const result = reader.read(bytes, 0, (data) => {
      body += data.toString('latin1');
    });
    length += result.at;
    state = result.state;
    if (state !== 'more') break;
  }
  if (state === 'odd') return null;
  return { read: { status, reason, raw, body, ...(state === 'end' ? { trailers: [] } : {}) }, length };
};

const isReadAlike = async ([text, method, split]: readonly [string, string, number]): Promise<boolean> => {
  const lane = readByLane(text, method, split);
  if (lane === null) return false;
  // Of what is behind the end, the lane only knows that it is there.
  const whole = text.slice(0, lane.length);
  expect([text, await readByNode(whole, method)]).toEqual([text, lane.read]);
  if (lane.read.trailers !== undefined) {
    if (method !== 'HEAD') expect([text, await readByPool(whole, method)]).toEqual([text, lane.read]);
    expect([text, (await readByNode(whole.slice(0, -1), method))?.trailers]).toEqual([text, undefined]);
  }
  return true;
};

const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST');
const plainChunked = fc
  .tuple(chunkedBody, fc.constantFrom('X: y\r\n', ''))
  .map(([body, more]) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${more}\r\n${body}`);
const input = fc.tuple(
  fc.oneof({ arbitrary: anAnswer, weight: 2 }, { arbitrary: plainChunked, weight: 1 }),
  method,
  fc.nat(60),
);

const answer = (...lines: string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');

describe('of whatever an instance answers the fast lane reads', () => {
  it(`only what Node reads in the same way, in ${INPUTS} inputs`, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (inputs) => {
        const all = await Promise.all(inputs.map(isReadAlike));
        taken += all.filter(Boolean).length;
      }),
      { numRuns: INPUTS / AT_ONCE, endOnFailure: true },
    );
    expect(taken).toBeGreaterThan(INPUTS / 5);
  }, 600_000);

  it('answers as services send them', async () => {
    const taken = [
      `${answer('Content-Type: text/plain', 'Content-Length: 2', 'Connection: keep-alive', 'Keep-Alive: timeout=5')}ok`,
      `${answer('transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
      'HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
    ];
    for (const text of taken) expect([text, await isReadAlike([text, 'GET', 3])]).toEqual([text, true]);
  });

  it('nothing that could be read in two ways', () => {
    const left = [
      ...[answer('Content-Length: 2', 'Content-Length: 2'), answer('Content-Length: 2', 'Transfer-Encoding: chunked')],
      ...[
        answer('Content-Length: +2'),
        answer('Content-Length: 02'),
        answer('Content-Length : 2'),
        answer('Content-Length: 2,2'),
      ],
      ...[
        answer('Transfer-Encoding: gzip, chunked'),
        answer('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
      ],
      ...[answer('Connection: upgrade'), answer('Upgrade: h2c'), answer('X: a', ' b'), answer('X: a\nY: b'), answer()],
      ...[answer('Content-Length: 0').replace('1.1', '1.0'), answer('Content-Length: 0').replace('200', '100')],
      ...[answer('Content-Length: 0').replace('200', '2e2'), answer('Content-Length: 2').replace('200', '304')],
    ];
    expect(left.filter((text) => readByLane(text, 'GET', 0) !== null)).toEqual([]);
  });
});
