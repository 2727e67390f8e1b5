// The HTTP application over a Control: every route of the API, whatever it is served on.
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import type { ZodError } from 'zod';
import { type ApiDocument, documentOf } from '../api/document.ts';
import * as nodeRoutes from '../api/node-routes.ts';
import * as routes from '../api/routes.ts';
import type { Control } from '../control/api.ts';
import { Failure } from '../core/failure.ts';
import type { Project } from '../core/spec/project.ts';
import type { Logs } from '../ports/logs.ts';
import type { Access } from './access/access.ts';
import type { Env } from './access/caller.ts';
import { guard } from './access/guard.ts';
import { secureHeaders } from './access/headers.ts';
import { serveAccess } from './access/routes.ts';
import { rememberOrders } from './idempotency.ts';
import type { Outbox } from './notices/outbox.ts';
import { serveNotices } from './notices/routes.ts';
import { serveOrders } from './order-routes.ts';
import { servePage } from './page.ts';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';
import { type Log, Refusal, refuse } from './refusal.ts';
import { serveStreams } from './stream-routes.ts';

/** What runs the services and splits the traffic here; a project that asks for something else is refused. */
export type Engines = Pick<Project, 'runtime' | 'balancer'>;

export type AppOptions = {
  readonly control: Control;
  readonly logs: Pick<Logs, 'read' | 'follow'>;
  /** When the loop last ended a turn well, ms since 1970. */
  readonly lastTurnAt: () => number | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The machine's token: over TCP it stands for the socket. */
  readonly token: string;
  readonly access: Access;
  /** Name of the project. */
  readonly project: string;
  /** Where a browser finds the page, for example http://127.0.0.1:4747. */
  readonly pageUrl: () => string;
  /** Messages to people; absent = nobody is told. */
  readonly outbox?: Pick<Outbox, 'view' | 'test'>;
  /** Told of every project that was brought up. */
  readonly configure?: (project: Project) => Promise<void>;
  /** Ends the control plane soon after. */
  readonly stop: (by: string) => void;
  readonly log: Log;
  readonly version: string;
  readonly engines: Engines;
  /** Aborts when the control plane ends: streams end then, cleanly. */
  readonly ending?: AbortSignal;
  readonly heartbeatMs?: number;
  /** Where the files of the page are; default: those of this package. */
  readonly pageFolder?: string;
  readonly stallMs?: number;
};

export type App = OpenAPIHono<Env>;

const BODY_LIMIT = 4 * 1024 * 1024;
/** For who has proved nothing yet. */
const SMALL_LIMIT = 16 * 1024;
/** Turns come once a second; after so long without one, the loop hangs. */
const STALLED_MS = 5000;

export function createApp(options: AppOptions): App {
  const { control, log, now } = options;
  const app: App = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.target, result.error);
    },
  });
  app.onError((error, c) => refuse(c, error, log));
  app.notFound((c) => refuse(c, unknownRoute(c.req.method, c.req.path), log));
  app.use(secureHeaders());
  app.use(guard(options));
  app.use(servePage(options.pageFolder));
  app.use('/api/v1/session/*', limitBody(SMALL_LIMIT));
  app.use(limitBody(BODY_LIMIT));
  app.use(async (c, next) => {
    if (c.req.method === 'POST') requireJson(c.req.header('content-type'), c.req.path);
    return next();
  });
  app.use(rememberOrders(now));

  app.openapi(routes.getHealth, (c) => c.json({ status: 'ok' as const }, 200));
  app.openapi(routes.getReady, (c) => {
    requireTurning(options.lastTurnAt(), now());
    return c.json({ status: 'ok' as const }, 200);
  });
  app.openapi(routes.getStatus, (c) => c.json(control.status(), 200));
  app.openapi(nodeRoutes.getNodes, async (c) => c.json([...(await control.nodes())], 200));
  app.openapi(routes.getService, (c) => c.json(control.service(c.req.valid('param').name), 200));
  app.openapi(routes.getVersions, (c) => c.json([...control.versions(c.req.valid('param').name)], 200));
  app.openapi(routes.getTraffic, (c) => c.json(control.traffic(c.req.valid('param').name), 200));
  app.openapi(routes.getCertificates, (c) => c.json([...control.certificates()], 200));
  app.openapi(routes.getPrometheus, (c) =>
    c.text(prometheusText(control.certificates(), now()), 200, { 'content-type': PROMETHEUS_TYPE }),
  );
  app.openapi(routes.getReleases, async (c) => c.json([...(await control.releases(c.req.valid('query')))], 200));
  app.openapi(routes.getRelease, async (c) => c.json(await control.release(c.req.valid('param').id), 200));
  app.openapi(routes.getDifferences, async (c) => c.json(await control.changes(c.req.valid('param').id), 200));
  serveStreams(app, options);
  serveOrders(app, options);
  serveAccess(app, options);
  serveNotices(app, options.outbox);
  let document: ApiDocument | null = null;
  app.openapi(routes.getDocument, (c) => {
    document ??= documentOf(options.version);
    return c.json({ ...document }, 200);
  });
  return app;
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw tooLarge(maxSize);
    },
  });
}

function requireTurning(lastTurnAt: number | null, now: number): void {
  if (lastTurnAt === null) throw new Failure('unavailable', 'The loop has not ended its first turn yet.');
  const ago = now - lastTurnAt;
  if (ago <= STALLED_MS) return;
  throw new Failure(
    'unavailable',
    `The loop ended its last turn ${Math.round(ago / 1000)} s ago; expected every second.`,
    {
      hint: 'friday status says what the control plane cannot do; daemon.log in the state folder says more.',
    },
  );
}

const TARGETS: Readonly<Record<string, string>> = { json: 'body', param: 'path', query: 'query', header: 'header' };
const MOST_ISSUES = 5;

function invalid(target: string, error: ZodError): Failure {
  const said = error.issues
    .slice(0, MOST_ISSUES)
    .map(({ path, message }) => `${path.join('.') || '(all)'}: ${message}`);
  const more = error.issues.length - said.length;
  const rest = more > 0 ? `; and ${more} more` : '';
  return new Failure('invalid', `The ${TARGETS[target] ?? target} is wrong: ${said.join('; ')}${rest}.`, {
    hint: 'GET /openapi.json says what is expected.',
  });
}

function unknownRoute(method: string, path: string): Failure {
  return new Failure('not-found', `There is no ${method} ${path.slice(0, 200)}.`, {
    hint: 'GET /openapi.json lists all routes.',
  });
}

function tooLarge(bytes: number): Refusal {
  const most = bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MB` : `${bytes / 1024} kB`;
  return new Refusal(413, new Failure('invalid', `The body has more than ${most}.`), { connection: 'close' });
}

/** Orders are JSON; only `stop`, which says nothing, may come without a body. */
function requireJson(type: string | undefined, path: string): void {
  const isJson = type?.split(';')[0]?.trim().toLowerCase() === 'application/json';
  if (isJson || (type === undefined && path === routes.postStop.path)) return;
  const got = type === undefined ? 'no Content-Type' : `Content-Type "${type.slice(0, 100)}"`;
  throw new Refusal(415, new Failure('invalid', `Expected Content-Type "application/json", got ${got}.`));
}
