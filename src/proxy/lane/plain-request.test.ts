// The fast lane takes nothing that Node's parser, set up as the proxy's, refuses or reads differently.
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edgeServer } from '../edge/edge-server.ts';
import { LIMITS } from '../limits.ts';
import { plainRequestIn } from './plain-request.ts';
import { aRequest } from './whatever.ts';

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 100_000);
const AT_ONCE = 500;
const PROBE = 'GET /probe HTTP/1.1\r\nhost: probe\r\n\r\n';

type Read = { method: string; url: string; raw: readonly string[]; body: string; isLast: boolean };

/** A connection in memory, and what the server read from it. */
class Bytes extends Duplex {
  readonly read_: Read[] = [];
  refusal: string | null = null;
  open = 0;
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

const server = edgeServer(LIMITS);
server.on('request', (request, response) => {
  const bytes = request.socket as unknown as Bytes;
  const { method = '', url = '', rawHeaders: raw } = request;
  const one = { method, url, raw, body: '', isLast: !response.shouldKeepAlive };
  bytes.read_.push(one);
  bytes.open += 1;
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    one.body += chunk.toString('latin1');
  });
  request.on('end', () => {
    bytes.open -= 1;
  });
});
const refuse = (why: string) => (_: unknown, socket: unknown) => {
  (socket as Bytes).refusal = why;
};
server.on('clientError', (error: Error & { code?: string }, socket) => refuse(error.code ?? 'error')(null, socket));
for (const event of ['upgrade', 'connect'] as const) server.on(event, (_, socket) => refuse(event)(null, socket));
for (const event of ['checkContinue', 'checkExpectation'] as const) {
  server.on(event, (request) => refuse(event)(null, request.socket));
}

/** What Node's parser makes of these bytes and of a plain request behind them. */
const readByNode = async (text: string): Promise<Bytes> => {
  const bytes = new Bytes();
  bytes.on('error', () => undefined);
  server.emit('connection', bytes);
  bytes.push(Buffer.from(text + PROBE, 'latin1'));
  for (let i = 0; i < 200 && (bytes.read_.length < 2 || bytes.open > 0) && bytes.refusal === null; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  bytes.destroy();
  return bytes;
};

const readByLane = (text: string): Read | null => {
  const plain = plainRequestIn(Buffer.from(text, 'latin1'), LIMITS.headerBytes);
  return plain && { ...plain, body: plain.body?.toString('latin1') ?? '' };
};

/** The lane takes it, and Node reads the same from it and the probe behind it. */
const isReadAlike = async (text: string): Promise<boolean> => {
  const plain = readByLane(text);
  if (plain === null) return false;
  const { read_, refusal } = await readByNode(text);
  const [first, second] = read_;
  // A client that ends the connection is not listened to any more.
  const rest = plain.isLast ? undefined : '/probe';
  expect({ text, refusal: plain.isLast ? null : refusal, first, second: second?.url }).toEqual({
    text,
    refusal: null,
    first: plain,
    second: rest,
  });
  return true;
};

const get = (...lines: string[]) => ['GET / HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n');

describe('of whatever a client sends the fast lane takes', () => {
  it(`only what Node reads in the same way, in ${INPUTS} inputs`, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(aRequest, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (texts) => {
        const all = await Promise.all(texts.map(isReadAlike));
        taken += all.filter(Boolean).length;
      }),
      { numRuns: INPUTS / AT_ONCE, endOnFailure: true },
    );
    expect(taken).toBeGreaterThan(INPUTS / 5);
  }, 600_000);

  it('requests as browsers and programs send them', async () => {
    const taken = [
      get(),
      get('Connection: keep-alive', 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'Cookie: a=b; c="d"'),
      get('Connection: close'),
      'POST /a?b=%20 HTTP/1.1\r\nhost: x:80\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n',
      'HEAD / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n',
    ];
    for (const text of taken) expect([text, await isReadAlike(text)]).toEqual([text, true]);
  });

  it('nothing that could be read in two ways', () => {
    const post = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: x', ...lines, '', 'body'].join('\r\n');
    const left = [
      ...[post('Content-Length: 4', 'Transfer-Encoding: chunked'), post('Content-Length: 4', 'Content-Length: 4')],
      ...[
        post('Content-Length: 4, 4'),
        post('Content-Length: +4'),
        post('Content-Length: 0x4'),
        post('Content-Length: 04'),
      ],
      ...[
        post('Content-Length : 4'),
        post('Content-Length:\t4'),
        post('Content-Length:  4'),
        post('Content-Length: 4 '),
      ],
      ...[
        post('Content-Length: 3'),
        post('Content-Length: 5'),
        post('Content-Length:'),
        post('Transfer-Encoding: chunked'),
      ],
      ...[
        get('X: a', ' b'),
        get(': a'),
        get('X'),
        get('X: a\0'),
        get('X: a\rb'),
        get('X: a\nY: b'),
        get('X\0: a'),
        get('X: \xe4'),
      ],
      ...[get('Expect: 100-continue'), get('Upgrade: h2c'), get('Proxy-Connection: keep-alive'), get('Connection: x')],
      ...[get('Connection: close', 'Connection: keep-alive'), get('Connection: keep-alive, upgrade'), `\r\n${get()}`],
      ...[
        `${get()}x`,
        get().slice(0, -1),
        `${get()}${get()}`,
        get().replaceAll('\r\n', '\n'),
        get().replace('GET', 'get'),
      ],
      ...[
        get().replace('1.1', '1.0'),
        get().replace(' HTTP/1.1', ''),
        get().replace(' / ', ' http://x/ '),
        get().replace(' / ', ' * '),
      ],
      ...[
        get().replace(' / ', ' /\xe4 '),
        get().replace(' / ', '  / '),
        get().replace('1.1', '1.1 '),
        get().replace(' / ', ' /a\tb '),
      ],
      ...[get().replace('GET', 'CONNECT'), get().replace('GET', 'TRACE'), get(`X: ${'v'.repeat(LIMITS.headerBytes)}`)],
    ];
    expect(left.filter((text) => readByLane(text) !== null)).toEqual([]);
  });
});
