// The control interface of the keeper: the same questions over a unix socket as the embedded proxy has.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Failure, type FailureCode, sentenceOf } from '../../../../core/failure.ts';
import type { Cursor } from '../../../../core/traffic.ts';
import { checkTable } from '../../../../proxy/check-table.ts';
import type { Folder } from '../../../../proxy/folder.ts';
import { note } from '../../../../proxy/log.ts';
import type { Keeper } from './keeper.ts';

const STATUS: Readonly<Record<FailureCode, number>> = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  refused: 403,
  unavailable: 503,
  timeout: 504,
};
const MAX_TABLE_BYTES = 32 * 1024 * 1024;

/** Listens on the folder's socket. `stop` ends the process once HAProxy has ended. */
export async function openControl(keeper: Keeper, folder: Folder, stop: (graceMs: number) => void): Promise<Server> {
  const server = createServer((request, response) => {
    answer(keeper, stop, request).then(
      (json) => send(response, 200, json),
      (error: unknown) => sendProblem(response, error),
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

async function answer(keeper: Keeper, stop: (graceMs: number) => void, request: IncomingMessage): Promise<string> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://keeper');
  switch (`${request.method} ${pathname}`) {
    case 'PUT /table': {
      const table = checkTable(parse(await bodyOf(request)));
      await keeper.apply(table);
      return JSON.stringify({ revision: table.revision });
    }
    case 'GET /status':
      return JSON.stringify(await keeper.seen());
    case 'GET /observations':
      return keeper.observe(cursorOf(searchParams));
    case 'POST /stop':
      stop(wholeNumber(searchParams.get('grace') ?? '0', 'grace'));
      return '{}';
    default:
      throw new Failure('not-found', `The balancer's control socket has no ${request.method} ${pathname}.`, {
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

/** An RFC 9457 problem, with the failure's own code and what HAProxy said. */
function sendProblem(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Failure)) note(`Bug: ${error instanceof Error ? error.stack : String(error)}`);
  const code = error instanceof Failure ? error.code : 'unavailable';
  const { hint, evidence = [] } = error instanceof Failure ? error.detail : {};
  const status = STATUS[code];
  const detail = [sentenceOf(error), ...evidence.slice(-2)].join(' ');
  send(response, status, JSON.stringify({ type: 'about:blank', title: code, status, detail, code, hint }));
}

function send(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}
