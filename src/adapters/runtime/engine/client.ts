// Speaks the Docker Engine API: one connection pool per engine, answers checked at the edge, refusals as Failures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import { Failure, type FailureCode } from '../../../core/failure.ts';
import { type EngineAddress, engineHost, parseHost } from './address.ts';

/** The oldest that is spoken (Docker Engine 20.10), and the newest that was read when this was written. */
export const OLDEST_API = '1.41';
const NEWEST_API = '1.51';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type Ask = {
  readonly query?: Query;
  /** Sent as JSON, or as it is. */
  readonly body?: object | Readable;
  /** X-Registry-Auth and its like. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer must have begun by then; default 30 s. 0 = whenever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

export type Version = {
  /** `24.0.7` */
  readonly engine: string;
  /** The API version that is spoken with it. */
  readonly api: string;
  readonly os: string;
  readonly architecture: string;
};

/**
 * Everything fails with `unavailable` when the engine cannot be reached or fails itself, `timeout`, `refused` (no permission), and the engine's
 * own `invalid`, `not-found` and `conflict`. An answer of 304 (it is so already) is fine.
 */
export type Engine = {
  /** In the words of DOCKER_HOST. */
  readonly host: string;
  /** Asked once, and again after the engine was away. Failure: `unavailable` (also when the engine is too old). */
  version(): Promise<Version>;
  get<T>(path: string, schema: z.ZodType<T>, ask?: Ask): Promise<T>;
  post<T>(path: string, schema: z.ZodType<T>, ask?: Ask): Promise<T>;
  /** For answers without a body. */
  order(method: 'POST' | 'DELETE' | 'PUT', path: string, ask?: Ask): Promise<void>;
  /** The answer's body while it comes. Ends with the signal. */
  stream(method: 'GET' | 'POST', path: string, ask?: Ask): Promise<Readable>;
  close(): Promise<void>;
};

const TIMEOUT_MS = 30_000;
const CONNECT_MS = 5000;
const CONNECTIONS = 64;
/** Words of the engine in an error, at most. */
const MESSAGE_CHARACTERS = 2000;

const VersionAnswer = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().default('1.12'),
  Os: z.string().default(''),
  Arch: z.string().default(''),
});

/** Nothing is asked yet. Failure: `invalid` (no such kind of address), `unavailable` (its certificates cannot be read). */
export function engineAt(host: string = engineHost()): Engine {
  const address = parseHost(host);
  const agent = agentFor(address);
  const isSecure = address.type === 'tcp' && address.certificates !== null;
  const origin =
    address.type === 'tcp' ? `http${isSecure ? 's' : ''}://${address.host}:${address.port}` : 'http://docker';
  let known: Promise<Version> | null = null;

  const send = async (method: Dispatcher.HttpMethod, path: string, ask: Ask): Promise<Dispatcher.ResponseData> => {
    const { query = {}, body, signal, timeoutMs = TIMEOUT_MS, headers = {} } = ask;
    const isJson = body !== undefined && !('pipe' in body);
    try {
      return await agent.request({
        origin,
        path: path + queryText(query),
        method,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': isJson ? 'application/json' : 'application/x-tar' }),
        },
        body: body === undefined ? null : isJson ? JSON.stringify(body) : (body as Readable),
        headersTimeout: timeoutMs,
        bodyTimeout: 0,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      // Another version may answer next.
      known = null;
      throw notAnswered(host, address, `${method} ${path}`, timeoutMs, error);
    }
  };
  const version = () => {
    known ??= negotiate(host, async () => {
      const answer = await accepted(await send('GET', '/version', {}), 'GET /version');
      return VersionAnswer.parse(await answer.body.json());
    });
    known.catch(() => {
      known = null;
    });
    return known;
  };
  const asked = async (method: Dispatcher.HttpMethod, path: string, ask: Ask = {}) => {
    const { api } = await version();
    return accepted(await send(method, `/v${api}${path}`, ask), `${method} ${path}`);
  };
  const read = async <T>(method: Dispatcher.HttpMethod, path: string, schema: z.ZodType<T>, ask?: Ask): Promise<T> => {
    const { body } = await asked(method, path, ask);
    const parsed = schema.safeParse(await body.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
    throw new Failure('unavailable', `Docker Engine at ${host} answered ${method} ${path} in an unknown way${where}.`);
  };
  return {
    host,
    version,
    get: (path, schema, ask) => read('GET', path, schema, ask),
    post: (path, schema, ask) => read('POST', path, schema, ask),
    order: async (method, path, ask) => (await asked(method, path, ask)).body.dump(),
    stream: async (method, path, ask) => (await asked(method, path, { timeoutMs: 0, ...ask })).body,
    close: () => agent.destroy(),
  };
}

function agentFor(address: EngineAddress): Agent {
  const common = { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 10_000 };
  if (address.type === 'socket')
    return new Agent({ ...common, connect: { socketPath: address.path, timeout: CONNECT_MS } });
  if (address.certificates === null) return new Agent({ ...common, connect: { timeout: CONNECT_MS } });
  const folder = address.certificates;
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return new Agent({ ...common, connect: { timeout: CONNECT_MS, ...(ca && cert && key ? { ca, cert, key } : {}) } });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('unavailable', `The certificates for Docker Engine cannot be read: ${why}.`, {
      hint: 'DOCKER_CERT_PATH must be a folder with ca.pem, cert.pem and key.pem.',
    });
  }
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)]))}`;
}

async function negotiate(host: string, ask: () => Promise<z.infer<typeof VersionAnswer>>): Promise<Version> {
  const { Version: engine, ApiVersion, MinAPIVersion, Os: os, Arch: architecture } = await ask();
  if (isOlder(ApiVersion, OLDEST_API)) {
    throw new Failure(
      'unavailable',
      `Docker Engine ${engine} at ${host} is too old: it speaks API ${ApiVersion}, and ${OLDEST_API} is needed.`,
      { hint: 'Install Docker Engine 20.10 or newer.' },
    );
  }
  const spoken = isOlder(ApiVersion, NEWEST_API) ? ApiVersion : NEWEST_API;
  return { engine, api: isOlder(spoken, MinAPIVersion) ? MinAPIVersion : spoken, os, architecture };
}

/** Of two versions like 1.41, whether the first is older. */
export function isOlder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  const [major = 0, minor = 0] = a ?? [];
  const [otherMajor = 0, otherMinor = 0] = b ?? [];
  return major === otherMajor ? minor < otherMinor : major < otherMajor;
}

/** The answer, when it is a good one. */
async function accepted(answer: Dispatcher.ResponseData, asked: string): Promise<Dispatcher.ResponseData> {
  if (answer.statusCode < 400) return answer;
  const text = (await answer.body.text().catch(() => '')).slice(0, MESSAGE_CHARACTERS);
  throw new Failure(codeOf(answer.statusCode), messageIn(text) || `${asked} answered ${answer.statusCode}.`);
}

const CODES: Readonly<Record<number, FailureCode>> = {
  400: 'invalid',
  401: 'refused',
  403: 'refused',
  404: 'not-found',
  409: 'conflict',
};

function codeOf(status: number): FailureCode {
  return CODES[status] ?? 'unavailable';
}

/** The engine writes {"message": …}. As a sentence. */
function messageIn(text: string): string {
  const parsed = z.object({ message: z.string() }).safeParse(jsonOf(text));
  const message = (parsed.success ? parsed.data.message : text).trim();
  if (message === '') return '';
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notAnswered(host: string, address: EngineAddress, asked: string, timeoutMs: number, error: unknown): Failure {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const cause = { cause: error };
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new Failure(
      'timeout',
      `Docker Engine at ${host} gave no answer to ${asked} within ${timeoutMs / 1000} s.`,
      {},
      cause,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const hint =
      'Add your user to its group ("sudo usermod -aG docker $USER", then log in again), or run friday as root.';
    return new Failure('refused', `You may not use Docker Engine at ${host}: ${message}.`, { hint }, cause);
  }
  const isAbsent = code === 'ENOENT' || code === 'ECONNREFUSED';
  const why = isAbsent && address.type === 'socket' ? 'nothing answers there' : message;
  const hint =
    'Is it running? "docker version" asks the same. DOCKER_HOST says where it is, when not at the usual place.';
  return new Failure('unavailable', `Docker Engine cannot be reached at ${host}: ${why}.`, { hint }, cause);
}
