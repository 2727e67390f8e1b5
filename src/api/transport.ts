// One HTTP exchange with the control plane, over its unix socket or over TCP. Plain node:http: it loads in a tenth of undici's time, and every command pays that.
import { statSync } from 'node:fs';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { dirname } from 'node:path';
import { Failure } from '../core/failure.ts';
import { failureOf } from './problem.ts';
import { Unreachable } from './tables.ts';

/** Where the control plane listens: its unix socket, or an address like `http://127.0.0.1:4747` with a token. */
export type Endpoint = { readonly socketPath: string } | { readonly url: string; readonly token?: string };

export type Exchange = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query, from `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Gives up when nothing was heard for so long; absent = waits for ever, as builds take their time. */
  readonly silenceMs?: number;
};

/** How people name the endpoint. */
export function nameOf(endpoint: Endpoint): string {
  return 'socketPath' in endpoint ? endpoint.socketPath : endpoint.url;
}

/**
 * The answer once its headers are here and it is a success. Failures: `Unreachable` (nothing listens, the connection
 * broke before an answer), and whatever the control plane answers as a problem. A connection of its own, closed after.
 */
export async function exchange(endpoint: Endpoint, order: Exchange): Promise<IncomingMessage> {
  if ('socketPath' in endpoint) requireTrusted(endpoint.socketPath);
  const answer = await send(endpoint, order);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw failureOf(status, await textOf(answer, endpoint).catch(() => ''));
}

/** A socket in a folder of a stranger (anybody may make folders in /tmp) is no control plane of ours. Failure: `refused`. */
function requireTrusted(socketPath: string): void {
  const folder = dirname(socketPath);
  const owner = ownerOf(folder);
  const me = process.getuid?.();
  if (owner === undefined || me === undefined || me === 0 || owner === me || owner === 0) return;
  throw new Failure('refused', `The folder ${folder} belongs to user ${owner}; expected it to be yours or root's.`, {
    hint: 'Set FRIDAY_STATE_DIR to a folder of your own.',
  });
}

function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch {
    return undefined;
  }
}

function send(endpoint: Endpoint, order: Exchange): Promise<IncomingMessage> {
  const body = order.body === undefined ? null : Buffer.from(JSON.stringify(order.body));
  const { open, options } = routeTo(endpoint, order);
  const headers: Record<string, string | number> = { ...options.headers, ...order.headers, connection: 'close' };
  if (body !== null) Object.assign(headers, { 'content-type': 'application/json', 'content-length': body.length });
  return new Promise((resolve, reject) => {
    const request = open({ ...options, headers, agent: false });
    request.once('response', resolve);
    request.on('error', (error) => reject(unreachable(endpoint, error)));
    if (order.silenceMs !== undefined) {
      request.setTimeout(order.silenceMs, () => request.destroy(new Error('Nothing was heard for too long')));
    }
    request.end(body ?? undefined);
  });
}

type Headers = Readonly<Record<string, string>>;

type Opened = { open: typeof requestHttp; options: Omit<RequestOptions, 'headers'> & { headers: Headers } };

function routeTo(endpoint: Endpoint, order: Exchange): Opened {
  const { method, path, signal } = order;
  const common = signal ? { method, signal } : { method };
  if ('socketPath' in endpoint) {
    return {
      open: requestHttp,
      options: { ...common, path, socketPath: endpoint.socketPath, headers: { host: 'localhost' } },
    };
  }
  const base = baseOf(endpoint.url);
  const headers: Headers = endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` };
  return {
    open: base.protocol === 'https:' ? requestHttps : requestHttp,
    options: {
      ...common,
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path: base.pathname.replace(/\/$/, '') + path,
      headers,
    },
  };
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base?.protocol === 'http:' || base?.protocol === 'https:') return base;
  throw new Failure(
    'invalid',
    `The address of the control plane is "${url}"; expected one like http://127.0.0.1:4747.`,
  );
}

/** What the caller is told when there was no answer. An abort passes as it is. */
function unreachable(endpoint: Endpoint, error: Error & { code?: string }): Error {
  if (error.name === 'AbortError') return error;
  const where = nameOf(endpoint);
  const isNobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
  if (isNobody)
    return new Unreachable(`No control plane answers at ${where}.`, 'Start it: friday up', { cause: error });
  if (error.code === 'EACCES') {
    return new Failure('refused', `You may not use ${where}: it belongs to another user.`, {
      hint: 'Run friday as the user who started the control plane, or use --host with a token.',
    });
  }
  const why = error.code ? `${error.message} (${error.code})` : error.message;
  return new Unreachable(
    `The control plane at ${where} gave no answer: ${why}.`,
    'See what it is doing: friday doctor',
    {
      cause: error,
    },
  );
}

/** Bytes that a whole answer may have. */
const LIMIT = 64 * 1024 * 1024;

export async function textOf(answer: IncomingMessage, endpoint: Endpoint): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LIMIT) throw new Error(`more than ${LIMIT} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(endpoint, error as Error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Bytes that one line may have. */
const LINE_LIMIT = 4 * 1024 * 1024;

/** The JSON values of an NDJSON answer; empty lines are heartbeats and give nothing. Throws when the connection breaks. */
export async function* linesOf(answer: IncomingMessage): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > LINE_LIMIT) throw new Error(`a line of more than ${LINE_LIMIT} characters`);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}
