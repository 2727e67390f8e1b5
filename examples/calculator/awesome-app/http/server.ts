// A small HTTP server: a table of routes, problem bodies, /health, /metrics, and a stop that cuts nobody off.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { Server as NetServer } from 'node:net';
import { createDrain, type StopTimes } from './drain.ts';
import { describeError, type Log } from './log.ts';
import { createRequestMetrics, type RequestMetrics } from './metrics.ts';
import { Problem } from './problem.ts';

const MAX_BODY_BYTES = 10_000;
const MAX_CONNECTIONS = 10_000;

export type Request = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body as JSON. Problems: 400 not JSON, 413 longer than 10 kB, 415 another content type. */
  json(): Promise<unknown>;
};

/** Either `json`, or `body` with its `content-type` among the headers. */
export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Buffer;
};

export type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: (request: Request) => Answer | Promise<Answer>;
};

/** What a service is made of. */
export type App = {
  readonly routes: readonly Route[];
  /** More lines for /metrics, each ended by a newline. */
  readonly metrics?: () => string;
  /** Runs once the last request is answered. */
  readonly close?: () => Promise<void>;
};

export type ServerOptions = {
  readonly name: string;
  readonly app: App;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly log: Log;
  /** One log line per request. */
  readonly isLoggingAll: boolean;
};

export type RunningServer = {
  readonly port: number;
  /** Accepts nothing new and resolves when every open request is answered and the app has closed. Idempotent. */
  stop(times?: StopTimes): Promise<void>;
};

const STOP_TIMES: StopTimes = { lingerMs: 500, graceMs: 10_000 };

/** Rejects when the port is taken or not allowed. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { app, host, port } = options;
  const server = createServer(createListener(options));
  const drain = createDrain(server);
  // Longer than the idle time of the proxies and clients in front, so that it is never this side that hangs up first.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);

  let stopped: Promise<void> | undefined;
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop(times = STOP_TIMES) {
      stopped ??= drain(times).then(() => app.close?.());
      return stopped;
    },
  };
}

function createListener({ name, app, log, isLoggingAll }: ServerOptions): RequestListener {
  const metrics = createRequestMetrics();
  const routes = [...app.routes, ...commonRoutes(app, metrics)];
  return (request, response) => {
    const started = performance.now();
    const path = (request.url ?? '/').replace(/[?#].*$/s, '');
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const route = routes.find((candidate) => candidate.path === path && candidate.method === method);
    response.setHeader('server', name);
    response.on('close', () => {
      const seconds = (performance.now() - started) / 1000;
      metrics.count(route?.method ?? 'other', route?.path ?? 'none', response.statusCode, seconds);
      if (isLoggingAll)
        log.info(`${request.method} ${path} ${response.statusCode}`, { ms: Math.round(seconds * 1e6) / 1e3 });
    });
    void answer({ request, path, method, route, routes, name, log }).then((reply) => send(response, reply));
  };
}

function listen(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function commonRoutes(app: App, metrics: RequestMetrics): Route[] {
  const render = () => metrics.render() + (app.metrics?.() ?? '');
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  return [
    { method: 'GET', path: '/health', handle: () => ({ json: { status: 'ok' } }) },
    { method: 'GET', path: '/metrics', handle: () => ({ headers, body: render() }) },
  ];
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly method: string;
  readonly route: Route | undefined;
  readonly routes: readonly Route[];
  readonly name: string;
  readonly log: Log;
};

/** Never rejects: whatever a route throws becomes a problem body. */
async function answer({ request, path, method, route, routes, name, log }: Exchange): Promise<Answer> {
  try {
    if (route === undefined) return notFound(path, routes);
    const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
    return await route.handle({ method, path, query, headers: request.headers, json: () => readJson(request) });
  } catch (error) {
    if (error instanceof Problem) return problemAnswer(error);
    const trace = request.headers.traceparent;
    log.error(`${method} ${path} failed`, { ...describeError(error), ...(trace === undefined ? {} : { trace }) });
    return problemAnswer(
      new Problem(500, 'Internal error', `${name} failed to answer ${method} ${path}. Its log has the reason.`),
    );
  }
}

function notFound(path: string, routes: readonly Route[]): Answer {
  const allowed = routes.filter((route) => route.path === path).map((route) => route.method);
  if (allowed.length === 0) {
    const known = [...new Set(routes.map((route) => route.path))].join(', ');
    return problemAnswer(
      new Problem(404, 'Not found', `There is nothing at ${path.slice(0, 100)}. There is: ${known}.`),
    );
  }
  const allow = allowed.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each])).join(', ');
  const { headers, ...rest } = problemAnswer(new Problem(405, 'Method not allowed', `${path} answers ${allow}.`));
  return { ...rest, headers: { ...headers, allow } };
}

function problemAnswer(problem: Problem): Answer {
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(problem.toBody()),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'Unsupported content type', 'Send the body as application/json.');
  }
  const body = await readBody(request);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Problem(400, 'Body is not JSON', 'Send a JSON object.');
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The request must outlive this loop, or the answer could not be sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw new Problem(400, 'Body was cut', 'The connection ended before the body was complete.');
  }
  if (bytes > MAX_BODY_BYTES) throw new Problem(413, 'Body too long', `At most ${MAX_BODY_BYTES} bytes are taken.`);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status = 200, headers = {}, json, body = '' }: Answer): void {
  const bytes = Buffer.from(json === undefined ? body : JSON.stringify(json));
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  // 204 and 304 have no body and must not announce one.
  const length = status === 204 || status === 304 ? {} : { 'content-length': bytes.length };
  response.writeHead(status, { 'cache-control': 'no-store', ...type, ...headers, ...length });
  response.end(bytes);
}
