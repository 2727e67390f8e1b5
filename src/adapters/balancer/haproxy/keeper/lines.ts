// Receives the lines of ended requests from HAProxy's ring, each with its length before it (Source: RFC 6587 section 3.4.1).
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const NEWLINE_OR_SPACE = 32;
/** No line is longer; whatever claims to be is no ring of ours. */
const MOST_BYTES = 65_536;

/** Cuts a stream of bytes into lines. Throws when it is not one of such lines. */
export function lineCutter(take: (line: string) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const space = rest.indexOf(NEWLINE_OR_SPACE, at);
      if (space < 0) break;
      const length = Number(rest.toString('latin1', at, space));
      if (!(length >= 0 && length <= MOST_BYTES)) throw new Error('The ring sent something that is no line.');
      if (rest.length < space + 1 + length) break;
      take(rest.toString('latin1', space + 1, space + 1 + length));
      at = space + 1 + length;
    }
    rest = rest.subarray(at);
  };
}

/** Listens where HAProxy's ring connects to. */
export async function receiveLines(path: string, take: (line: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    const cut = lineCutter(take);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      try {
        cut(chunk);
      } catch {
        socket.destroy();
      }
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}
