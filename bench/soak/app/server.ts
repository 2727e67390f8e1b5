// The service that the soak releases: short requests, uploads, slow downloads and WebSockets. Broken when behaviour.json says so.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

type Behaviour = {
  readonly isBroken: boolean;
  /** Broken, too, as soon as this file is there. */
  readonly spoiledBy?: string;
};

const behaviour = JSON.parse(readFileSync(new URL('behaviour.json', import.meta.url), 'utf8')) as Behaviour;
const instance = process.env.FRIDAY_INSTANCE ?? '';
const CHUNK = Buffer.alloc(1024, 'x');
const CHUNK_MS = 50;

const server = createServer((request, response) => {
  response.setHeader('x-soak-instance', instance);
  const url = new URL(request.url ?? '/', 'http://app');
  if (url.pathname === '/health') response.end('ok');
  else if (url.pathname === '/download') download(response, Number(url.searchParams.get('chunks')));
  else work(request, response);
});

function work(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    const isSpoiled = behaviour.spoiledBy !== undefined && existsSync(behaviour.spoiledBy);
    if (behaviour.isBroken || isSpoiled) response.statusCode = 500;
    setTimeout(() => response.end(JSON.stringify({ bytes })), 5 * Math.random());
  });
}

/** `chunks` KiB, one each 50 ms, of a length that is told before. */
function download(response: ServerResponse, chunks: number): void {
  response.setHeader('content-length', chunks * CHUNK.length);
  let left = chunks;
  const timer = setInterval(() => {
    left -= 1;
    response.write(CHUNK);
    if (left > 0) return;
    clearInterval(timer);
    response.end();
  }, CHUNK_MS);
  response.on('close', () => clearInterval(timer));
}

/** Echoes small text frames; the handshake and the frames are those of RFC 6455, sections 4.2.2 and 5.2. */
server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  send(socket, `instance ${instance}`);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 2 && rest.length >= 6 + ((rest[1] ?? 0) & 127)) rest = frame(socket, rest);
  });
  socket.on('error', () => socket.destroy());
});

function frame(socket: Duplex, data: Buffer): Buffer {
  const length = (data[1] ?? 0) & 127;
  const mask = data.subarray(2, 6);
  const text = data.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  const isClose = ((data[0] ?? 0) & 15) === 8;
  if (isClose) socket.end(Buffer.from([0x88, 0]));
  else send(socket, Buffer.from(text).toString());
  return data.subarray(6 + length);
}

function send(socket: Duplex, text: string): void {
  socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
}

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1');
