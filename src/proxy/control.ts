// The control interface of a balancer's process: HTTP on a unix socket that only its owner can open.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Failure, type FailureCode, sentenceOf } from '../core/failure.ts';
import type { BalancerSeen, Cursor, Table } from '../core/traffic.ts';
import { checkTable } from './check-table.ts';
import { note } from './log.ts';

/** What is asked of the process; each may fail with a Failure, which its asker is told. */
export type Controlled = {
  apply(table: Table): Promise<void>;
  seen(): BalancerSeen | Promise<BalancerSeen>;
  /** `Observations` as JSON. */
  observe(cursor: Cursor | null): string | Promise<string>;
  /** Ends the process once what it does has ended; returns at once. */
  stop(graceMs: number): void;
};

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

/** Listens on `socket`, a path. */
export async function openControl(controlled: Controlled, socket: string): Promise<Server> {
  const server = createServer((request, response) => {
    answer(controlled, request).then(
      (reply) => send(response, reply, 'application/json'),
      (error: unknown) => send(response, problemOf(error), 'application/problem+json'),
    );
  });
  server.on('clientError', (_, connection) => connection.destroy());
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  return server;
}

async function answer(controlled: Controlled, request: IncomingMessage): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://balancer');
  switch (`${request.method} ${pathname}`) {
    case 'PUT /table': {
      const table = checkTable(parse(await bodyOf(request)));
      await controlled.apply(table);
      return { status: 200, json: JSON.stringify({ revision: table.revision }) };
    }
    case 'GET /status':
      return { status: 200, json: JSON.stringify(await controlled.seen()) };
    case 'GET /observations':
      return { status: 200, json: await controlled.observe(cursorOf(searchParams)) };
    case 'POST /stop':
      controlled.stop(wholeNumber(searchParams.get('grace') ?? '0', 'grace'));
      return { status: 202, json: '{}' };
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

/** An RFC 9457 problem, with the failure's own code and the last of its evidence. */
function problemOf(error: unknown): Reply {
  if (!(error instanceof Failure)) note(`Bug: ${error instanceof Error ? error.stack : String(error)}`);
  const code = error instanceof Failure ? error.code : 'unavailable';
  const { hint, evidence = [] } = error instanceof Failure ? error.detail : {};
  const status = STATUS[code];
  const detail = [sentenceOf(error), ...evidence.slice(-2)].join(' ');
  return { status, json: JSON.stringify({ type: 'about:blank', title: code, status, detail, code, hint }) };
}

function send(response: ServerResponse, { status, json }: Reply, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(json) });
  response.end(json);
}
