// The typed client of the API: one method per route, and streams that survive a glitch.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../core/failure.ts';
import { type AccessClient, accessClient } from './access-client.ts';
import type { CertificateView } from './certificate-views.ts';
import type { DifferencesView } from './difference-views.ts';
import type { NodeView } from './node-views.ts';
import type {
  ComparisonBody,
  DownBody,
  DrainBody,
  EventsQuery,
  LogsQuery,
  NodeBody,
  PauseBody,
  PromoteBody,
  ReleaseBody,
  ReleasesQuery,
  RestartBody,
  RollBackBody,
  UpBody,
} from './orders.ts';
import type { RecentTrafficView } from './plan-views.ts';
import { type Endpoint, type Exchange, exchange, linesOf, nameOf, textOf } from './transport.ts';
import type {
  DownView,
  EventView,
  LogLineView,
  ReleaseView,
  ServiceView,
  StatusView,
  UpView,
  VersionView,
} from './views.ts';

/** Told when a stream is lost (once per loss, with the reason) and when it is there again. */
export type OnLink = (link: { readonly isLive: true } | { readonly isLive: false; readonly reason: string }) => void;

/**
 * Every method throws `Failure`: what the control plane answered, or `Unreachable` when nobody answers. Orders resolve
 * when they are remembered, not when they are done; building may take minutes, so no method has a timeout of its own.
 */
export type Client = {
  status(): Promise<StatusView>;
  service(name: string): Promise<ServiceView>;
  /** Of the last hour, or as long as the control plane runs. */
  traffic(service: string): Promise<RecentTrafficView>;
  /** Of HTTPS, in the order in which they are chosen. */
  certificates(): Promise<readonly CertificateView[]>;
  /** Newest first. */
  versions(service: string): Promise<readonly VersionView[]>;
  /** Newest first. */
  releases(query?: ReleasesQuery): Promise<readonly ReleaseView[]>;
  release(id: number): Promise<ReleaseView>;
  /** What a release changes in the settings of its service. */
  changes(id: number): Promise<DifferencesView>;
  /** What the judge of a release was told, as text in pieces that end anywhere; see docs/reference/ticks.md. Runs once. */
  ticks(id: number): Promise<AsyncIterable<string>>;

  up(body: UpBody): Promise<UpView>;
  releaseService(service: string, body: ReleaseBody): Promise<ReleaseView>;
  compareWithItself(service: string, body?: ComparisonBody): Promise<ReleaseView>;
  rollBack(service: string, body?: RollBackBody): Promise<ReleaseView>;
  promote(service: string, body?: PromoteBody): Promise<ReleaseView>;
  pause(service: string, body?: PauseBody): Promise<ReleaseView>;
  /** One instance, or all one after the other; others stand in. */
  restart(service: string, body?: RestartBody): Promise<ServiceView>;
  /** One instance goes out of traffic, back into it, or stops; others stand in. */
  drain(service: string, body: DrainBody): Promise<ServiceView>;
  /** Managers first. */
  nodes(): Promise<readonly NodeView[]>;
  drainNode(name: string, body?: NodeBody): Promise<NodeView>;
  activateNode(name: string, body?: NodeBody): Promise<NodeView>;
  down(body?: DownBody): Promise<DownView>;
  /** Ends the control plane; instances and balancer go on. */
  stop(): Promise<void>;

  /** People, tokens, links, the audit. */
  readonly access: AccessClient;

  /** Whether a control plane answers, though it may not work. Never throws. */
  isAlive(): Promise<boolean>;
  /** Whether it works: its loop turns. Never throws. */
  isReady(): Promise<boolean>;

  /**
   * Events in order, each once. Follows unless `follow` is false: then it reconnects after every loss where it was and
   * ends only when `signal` aborts (without throwing). What cannot get better by waiting is thrown.
   */
  events(query: EventsQuery, signal: AbortSignal, onLink?: OnLink): AsyncIterable<EventView>;
  /** Log lines in order of time. With `follow` until `signal` aborts; it goes on after a loss where it was. */
  logs(query: LogsQuery, signal: AbortSignal, onLink?: OnLink): AsyncIterable<LogLineView>;
};

/** A client for one control plane; `by` names the person for the journal. Holds no connection between calls. */
export function createClient(endpoint: Endpoint, options: { readonly by?: string } = {}): Client {
  const who: Record<string, string> = options.by ? { 'x-friday-by': encodeURIComponent(options.by.slice(0, 100)) } : {};
  const get = async <T>(path: string, query: Query = {}): Promise<T> => {
    const answer = await exchange(endpoint, { method: 'GET', path: pathOf(path, query), headers: {} });
    return jsonOf<T>(answer, endpoint);
  };
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const headers = { ...who, 'idempotency-key': randomUUID() };
    const answer = await exchange(endpoint, { method: 'POST', path: pathOf(path, {}), headers, body });
    return jsonOf<T>(answer, endpoint);
  };
  const remove = async (path: string): Promise<void> => {
    const answer = await exchange(endpoint, { method: 'DELETE', path: pathOf(path, {}), headers: who });
    await textOf(answer, endpoint);
  };
  const of = (service: string) => `/services/${encodeURIComponent(service)}`;
  return {
    status: () => get('/status'),
    service: (name) => get(of(name)),
    traffic: (service) => get(`${of(service)}/traffic`),
    certificates: () => get('/certificates'),
    versions: (service) => get(`${of(service)}/versions`),
    releases: (query = {}) => get('/releases', query),
    release: (id) => get(`/releases/${id}`),
    changes: (id) => get(`/releases/${id}/changes`),
    ticks: async (id) => {
      const answer = await openStream(endpoint, pathOf(`/releases/${id}/ticks`, {}));
      return textsOf(answer);
    },
    up: (body) => post('/up', body),
    releaseService: (service, body) => post(`${of(service)}/releases`, body),
    compareWithItself: (service, body = {}) => post(`${of(service)}/comparisons`, body),
    rollBack: (service, body = {}) => post(`${of(service)}/rollback`, body),
    promote: (service, body = {}) => post(`${of(service)}/promote`, body),
    pause: (service, body = {}) => post(`${of(service)}/pause`, body),
    restart: (service, body = {}) => post(`${of(service)}/restart`, body),
    drain: (service, body) => post(`${of(service)}/drain`, body),
    nodes: () => get('/nodes'),
    drainNode: (name, body = {}) => post(`/nodes/${encodeURIComponent(name)}/drain`, body),
    activateNode: (name, body = {}) => post(`/nodes/${encodeURIComponent(name)}/activate`, body),
    down: (body = {}) => post('/down', body),
    stop: async () => {
      await post('/stop', {});
    },
    access: accessClient({ get, post, remove }),
    isAlive: () => saysYes(endpoint, '/healthz'),
    isReady: () => saysYes(endpoint, '/readyz'),
    events: (query, signal, onLink) => followEvents(endpoint, query, signal, onLink),
    logs: (query, signal, onLink) => followLogs(endpoint, query, signal, onLink),
  };
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

function pathOf(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, `${value}`);
  return `/api/v1${path}${search.size > 0 ? `?${search}` : ''}`;
}

async function jsonOf<T>(answer: IncomingMessage, endpoint: Endpoint): Promise<T> {
  const text = await textOf(answer, endpoint);
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    const message = `What answers at ${nameOf(endpoint)} is no control plane of fridaymorning: expected JSON, got "${text.slice(0, 80)}".`;
    throw new Failure('unavailable', message, { hint: 'Check --host and FRIDAY_HOST.' }, { cause: error });
  }
}

async function saysYes(endpoint: Endpoint, path: string): Promise<boolean> {
  try {
    const answer = await exchange(endpoint, { method: 'GET', path, headers: {}, silenceMs: 2000 });
    answer.resume();
    return true;
  } catch {
    return false;
  }
}

async function* followEvents(
  endpoint: Endpoint,
  query: EventsQuery,
  signal: AbortSignal,
  onLink?: OnLink,
): AsyncGenerator<EventView> {
  let after = query.after;
  const open = () => openStream(endpoint, pathOf('/events', { ...query, after }), signal);
  const begin = (answer: IncomingMessage) => {
    const position = Number(answer.headers['x-friday-after']);
    if (after === undefined && answer.headers['x-friday-after'] !== undefined && Number.isSafeInteger(position))
      after = position;
  };
  for await (const value of stream({ open, begin, isFollowing: query.follow !== false, signal, onLink })) {
    const event = value as EventView;
    after = event.seq;
    yield event;
  }
}

/** After a loss it asks from the second of the last line on, and leaves out what it had of that second. */
async function* followLogs(
  endpoint: Endpoint,
  query: LogsQuery,
  signal: AbortSignal,
  onLink?: OnLink,
): AsyncGenerator<LogLineView> {
  let since = 0;
  let had: string[] = [];
  let again: string[] = [];
  const open = () => {
    again = [...had];
    const resumed = had.length > 0 ? { since, lines: 10_000 } : {};
    return openStream(endpoint, pathOf('/logs', { ...query, ...resumed }), signal);
  };
  for await (const value of stream({ open, begin: () => {}, isFollowing: query.follow === true, signal, onLink })) {
    const line = value as LogLineView;
    const key = JSON.stringify(line);
    const known = line.at === since ? again.indexOf(key) : -1;
    if (known >= 0) {
      again.splice(known, 1);
      continue;
    }
    if (line.at > since) {
      since = line.at;
      had = [];
    }
    if (line.at === since) had.push(key);
    yield line;
  }
}

async function* textsOf(answer: IncomingMessage): AsyncGenerator<string> {
  try {
    yield* answer.setEncoding('utf8') as AsyncIterable<string>;
  } catch (error) {
    throw asLoss(error);
  }
}

/** A stream is lost when it is silent for three heartbeats. */
const SILENCE_MS = 45_000;

function openStream(endpoint: Endpoint, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
  const headers = { accept: 'application/x-ndjson' };
  const order: Exchange = { method: 'GET', path, headers, silenceMs: SILENCE_MS };
  return exchange(endpoint, signal ? { ...order, signal } : order);
}

type Stream = {
  readonly open: () => Promise<IncomingMessage>;
  readonly begin: (answer: IncomingMessage) => void;
  readonly isFollowing: boolean;
  readonly signal: AbortSignal;
  readonly onLink: OnLink | undefined;
};

const PAUSES_MS = [50, 100, 200, 500, 1000, 2000];

async function* stream({ open, begin, isFollowing, signal, onLink }: Stream): AsyncGenerator<unknown> {
  let isLive = true;
  let tries = 0;
  while (!signal.aborted) {
    try {
      const answer = await open();
      begin(answer);
      if (!isLive) onLink?.({ isLive: true });
      isLive = true;
      for await (const value of linesOf(answer)) {
        tries = 0;
        yield value;
      }
      if (!isFollowing) return;
      throw new Error('the control plane ended it');
    } catch (error) {
      if (signal.aborted) return;
      const failure = asLoss(error);
      if (!isFollowing || failure.code !== 'unavailable') throw failure;
      if (isLive) onLink?.({ isLive: false, reason: failure.message });
      isLive = false;
      await sleep(PAUSES_MS[tries] ?? 2000, undefined, { signal }).catch(() => {});
      tries += 1;
    }
  }
}

function asLoss(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Failure('unavailable', `The stream of the control plane broke: ${why}.`, {}, { cause: error });
}
