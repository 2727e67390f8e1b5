// The control interface of the proxy: HTTP on a unix socket that only its owner can open.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Failure, type FailureCode, sentenceOf } from '../core/failure.ts';
import type { Cursor } from '../core/traffic.ts';
import { checkTable } from './check-table.ts';
import { type Folder, forgetTable, saveTable } from './folder.ts';
import { note } from './log.ts';
import type { DataPlane } from './proxy.ts';

const STATUS: Readonly<Record<FailureCode, number>> = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  refused: 403,
  unavailable: 503,
  timeout: 504,
};

const MAX_TABLE_BYTES = 32 * 1024 * 1024;

type Reply = { readonly status: number; readonly json: string };

/** Listens on the folder's socket. `stop` ends the process once the proxy has stopped. */
export async function openControl(proxy: DataPlane, folder: Folder, stop: (graceMs: number) => void): Promise<Server> {
  const server = createServer((request, response) => {
    answer(proxy, folder, stop, request).then(
      (reply) => send(response, reply, 'application/json'),
      (error: unknown) => send(response, problemOf(error), 'application/problem+json'),
    );
  });
  server.on('clientError', (_, socket) => socket.destroy());
  rmSync(folder.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(folder.socket, resolve);
  });
  chmodSync(folder.socket, 0o600);
  return server;
}

async function answer(
  proxy: DataPlane,
  folder: Folder,
  stop: (graceMs: number) => void,
  request: IncomingMessage,
): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://proxy');
  switch (`${request.method} ${pathname}`) {
    case 'PUT /table': {
      const table = checkTable(parse(await bodyOf(request)));
      await proxy.apply(table, { save: (next, listening) => saveTable(folder, { table: next, listening }) });
      note(`Table ${table.revision} routes now.`);
      return { status: 200, json: JSON.stringify({ revision: table.revision }) };
    }
    case 'GET /status':
      return { status: 200, json: JSON.stringify(proxy.seen()) };
    case 'GET /observations':
      return { status: 200, json: proxy.observe(cursorOf(searchParams)) };
    case 'POST /stop': {
      const graceMs = wholeNumber(searchParams.get('grace') ?? '0', 'grace');
      forgetTable(folder);
      stop(graceMs);
      return { status: 202, json: '{}' };
    }
    default:
      throw new Failure('not-found', `The proxy's control socket has no ${request.method} ${pathname}.`, {
        hint: 'It has PUT /table, GET /status, GET /observations and POST /stop.',
      });
  }
}

function cursorOf(query: URLSearchParams): Cursor | null {
  const boot = query.get('boot');
  return boot === null ? null : { boot, seq: wholeNumber(query.get('after') ?? '0', 'after') };
}

function wholeNumber(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Failure('invalid', `The parameter ${name} must be a whole number from 0, got "${text.slice(0, 40)}".`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_TABLE_BYTES) throw new Failure('invalid', `A table may have at most ${MAX_TABLE_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('invalid', `The table is not JSON: ${sentenceOf(error)}.`);
  }
}

/** An RFC 9457 problem, with the failure's own code. */
function problemOf(error: unknown): Reply {
  if (!(error instanceof Failure)) note(`Bug: ${error instanceof Error ? error.stack : String(error)}`);
  const code = error instanceof Failure ? error.code : 'unavailable';
  const hint = error instanceof Failure ? error.detail.hint : undefined;
  const status = STATUS[code];
  const problem = { type: 'about:blank', title: code, status, detail: sentenceOf(error), code, hint };
  return { status, json: JSON.stringify(problem) };
}

function send(response: ServerResponse, { status, json }: Reply, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(json) });
  response.end(json);
}
