// Logs of containers: from the engine while they are there, from what was kept of them afterwards.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { LogLine, LogQuery, Logs } from '../../ports/logs.ts';
import { type About, aboutOf, archivesIn } from '../runtime/docker/archive.ts';
import { LABEL } from '../runtime/docker/names.ts';
import { allOutput, type OutputLine, outputOf } from '../runtime/docker/output.ts';
import type { Engine } from '../runtime/engine/client.ts';
import { Labels } from '../runtime/engine/objects.ts';
import { inParallel } from '../runtime/process/snapshot/parallel.ts';
import { isAtLeast, levelOf } from './level.ts';

export type DockerLogsOptions = {
  readonly engine: Engine;
  readonly project: string;
  /** Folder of the runtime, where the output of removed instances is kept. */
  readonly dir: string;
};

type Source = { readonly container: string; readonly about: About };
/** A wanted line, with what it is sorted by. */
type Found = { readonly stamp: string; readonly line: LogLine };

const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;
const LOOK_MS = 500;
const AT_ONCE = 8;
/** Lines that wait for a reader who is slower than the containers; more are left out, the oldest first. */
const WAITING = 10_000;

export function dockerLogs(options: DockerLogsOptions): Logs {
  return {
    read: async (query) => (await lastLines(options, query, null)).map(({ line }) => line),
    follow: (query, signal) => follow(options, query, signal),
  };
}

/** `ends`: of each container only lines up to this stamp. */
async function lastLines(
  options: DockerLogsOptions,
  query: LogQuery,
  ends: ReadonlyMap<string, string> | null,
): Promise<Found[]> {
  const count = Math.min(MOST_LINES, Math.max(0, query.lines ?? DEFAULT_LINES));
  if (count === 0) return [];
  const found: Found[] = [];
  for (const { about, lines } of archivesIn(options.dir, query.service)) {
    if (isMeant(about, query)) found.push(...lastOf(wantedIn(lines, about, query), count));
  }
  const isFiltered = query.pattern !== undefined || query.level !== undefined;
  const { sinceMs, untilMs } = query;
  await inParallel(await sourcesOf(options, query), AT_ONCE, async ({ container, about }) => {
    const end = ends === null ? null : (ends.get(container) ?? '');
    const kept: Found[] = [];
    const part = {
      ...(isFiltered || ends !== null ? {} : { tail: count }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
    };
    for await (const output of outputOf(options.engine, container, part)) {
      if (end !== null && output.stamp > end) break;
      kept.push(...wantedIn([output], about, query));
      if (kept.length > count * 2) kept.splice(0, kept.length - count);
    }
    found.push(...lastOf(kept, count));
  });
  return lastOf(found.sort(byTime), count);
}

async function* follow(options: DockerLogsOptions, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
  const { untilMs: _, ...open } = query;
  // First where each one is now, so that no line is left out or repeated between what was and what comes.
  const ends = new Map<string, string>();
  await inParallel(await sourcesOf(options, open), AT_ONCE, async ({ container }) => {
    const [last] = await allOutput(options.engine, container, { tail: 1 });
    ends.set(container, last?.stamp ?? '');
  });
  for (const { line } of await lastLines(options, open, ends)) yield line;
  const queue: LogLine[] = [];
  let wake: () => void = () => undefined;
  const take = (line: LogLine) => {
    if (queue.length >= WAITING) queue.shift();
    queue.push(line);
    wake();
  };
  const following = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const sources = await sourcesOf(options, open).catch((): Source[] => []);
    for (const source of sources) {
      if (following.has(source.container)) continue;
      const from = ends.get(source.container) ?? '';
      const followed = followOne(options, source, open, from, signal, (line, stamp) => {
        ends.set(source.container, stamp);
        if (line !== null) take(line);
      });
      // The engine was away, or the container has ended; it is taken up again where it was left.
      following.set(
        source.container,
        followed.catch(() => undefined).finally(() => following.delete(source.container)),
      );
    }
    const isWoken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const pause = new AbortController();
    if (queue.length === 0)
      await Promise.race([isWoken, wait(LOOK_MS, undefined, { signal: pause.signal }).catch(() => undefined)]);
    pause.abort();
    for (const line of queue.splice(0)) {
      yield line;
      if (signal.aborted) return;
    }
  }
}

async function followOne(
  { engine }: DockerLogsOptions,
  { container, about }: Source,
  query: LogQuery,
  from: string,
  signal: AbortSignal,
  take: (line: LogLine | null, stamp: string) => void,
): Promise<void> {
  const sinceMs = from === '' ? {} : { sinceMs: Date.parse(from) - 1 };
  for await (const output of outputOf(engine, container, { follow: true, signal, ...sinceMs })) {
    if (output.stamp <= from) continue;
    const [found] = wantedIn([output], about, query);
    take(found?.line ?? null, output.stamp);
  }
}

function* wantedIn(lines: Iterable<OutputLine>, about: About, query: LogQuery): Generator<Found> {
  const { pattern, level: worst, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = query;
  for (const { at, stamp, text } of lines) {
    if (at < sinceMs || at > untilMs) continue;
    if (pattern !== undefined && !text.toLowerCase().includes(pattern.toLowerCase())) continue;
    const level = levelOf(text);
    if (worst !== undefined && !isAtLeast(level, worst)) continue;
    yield { stamp, line: { at, service: about.service, version: about.version, instance: about.id, level, text } };
  }
}

function lastOf(found: Iterable<Found>, count: number): Found[] {
  return [...found].slice(-count);
}

function byTime(one: Found, other: Found): number {
  return one.stamp < other.stamp ? -1 : one.stamp > other.stamp ? 1 : 0;
}

async function sourcesOf({ engine, project }: DockerLogsOptions, query: LogQuery): Promise<Source[]> {
  const filters = JSON.stringify({ label: [`${LABEL.project}=${project}`, LABEL.instance] });
  const Listed = z.array(z.object({ Id: z.string(), Labels }));
  const all = await engine.get('/containers/json', Listed, { query: { all: true, filters } });
  return all
    .map((one) => ({ container: one.Id, about: aboutOf({ Config: one }) }))
    .filter(({ about }) => isMeant(about, query));
}

function isMeant(about: About, { service, version, instance }: LogQuery): boolean {
  if (service !== undefined && about.service !== service) return false;
  if (version !== undefined && about.version !== version) return false;
  return instance === undefined || about.id === instance;
}
