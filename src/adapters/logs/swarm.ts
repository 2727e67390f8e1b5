// Logs of the instances on all nodes of a Swarm: the manager collects them, for as long as Swarm keeps the tasks.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { LogLine, LogQuery, Logs } from '../../ports/logs.ts';
import type { Engine } from '../runtime/engine/client.ts';
import { LABELS, labelOf } from '../runtime/swarm/labels.ts';
import { type LogPart, linesOf } from '../runtime/swarm/logs.ts';
import { SwarmService } from '../runtime/swarm/objects.ts';
import { isAtLeast, levelOf } from './level.ts';

const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;
const FOLLOW_MS = 1000;
const MOST_CHARACTERS = 16_000;
/** A line may come from its node so much later than it was written. */
const LATE_MS = 5000;

export function swarmLogs(engine: Engine, project: string): Logs {
  const read = (query: LogQuery) => lastLines(engine, project, query);
  return {
    read: async (query) => (await read(query)).map(({ line }) => line),
    follow: (query, signal) => follow(read, query, signal),
  };
}

/** A line, and what tells it from all others. */
type Found = { readonly stamp: string; readonly line: LogLine };

async function lastLines(engine: Engine, project: string, query: LogQuery): Promise<readonly Found[]> {
  const count = Math.min(MOST_LINES, Math.max(0, query.lines ?? DEFAULT_LINES));
  if (count === 0) return [];
  const filters = JSON.stringify({ label: [`${LABELS.project}=${project}`] });
  const services = await engine.get('/services', z.array(SwarmService), { query: { filters } });
  const isFiltered = query.pattern !== undefined || query.level !== undefined;
  const part: LogPart = {
    tail: isFiltered ? MOST_LINES : count,
    ...(query.sinceMs === undefined ? {} : { sinceMs: query.sinceMs }),
  };
  const found = await Promise.all(
    services.filter((one) => isMeant(one, query)).map((one) => foundIn(engine, one, part, query)),
  );
  return found.flat().sort(byTime).slice(-count);
}

function isMeant(service: SwarmService, { service: name, version, instance }: LogQuery): boolean {
  if (name !== undefined && labelOf(service, 'service') !== name) return false;
  if (version !== undefined && Number(labelOf(service, 'version')) !== version) return false;
  return instance === undefined || labelOf(service, 'id') === instance;
}

async function foundIn(engine: Engine, service: SwarmService, part: LogPart, query: LogQuery): Promise<Found[]> {
  const about = {
    service: labelOf(service, 'service'),
    version: Number(labelOf(service, 'version')),
    instance: labelOf(service, 'id'),
  };
  const lines = await linesOf(engine, service.ID, part);
  return lines.flatMap(({ stamp, text }) => {
    const line = { at: Date.parse(stamp), ...about, level: levelOf(text), text: text.slice(0, MOST_CHARACTERS) };
    return isWanted(line, query) ? [{ stamp: `${stamp} ${about.instance} ${text}`, line }] : [];
  });
}

function isWanted({ at, level, text }: LogLine, query: LogQuery): boolean {
  if (query.sinceMs !== undefined && at < query.sinceMs) return false;
  if (query.untilMs !== undefined && at > query.untilMs) return false;
  if (query.pattern !== undefined && !text.toLowerCase().includes(query.pattern.toLowerCase())) return false;
  return query.level === undefined || (level !== null && isAtLeast(level, query.level));
}

/** Asks again and again for what is new: what a node sends late still comes, once. */
async function* follow(
  read: (query: LogQuery) => Promise<readonly Found[]>,
  { untilMs: _, ...query }: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const given = new Map<string, number>();
  // Without a line at first, what comes from now on is new.
  let newest = query.sinceMs ?? Date.now();
  let asked: LogQuery = query;
  while (!signal.aborted) {
    for (const { stamp, line } of await read(asked).catch((): Found[] => [])) {
      if (given.has(stamp)) continue;
      given.set(stamp, line.at);
      newest = Math.max(newest, line.at);
      yield line;
      if (signal.aborted) return;
    }
    for (const [stamp, at] of given) if (at < newest - 2 * LATE_MS) given.delete(stamp);
    // What was skipped at first, because only the last lines were asked for, is not new.
    const from = given.size === 0 ? newest : Math.max(Math.min(...given.values()), newest - LATE_MS);
    asked = { ...query, lines: MOST_LINES, sinceMs: from };
    await wait(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
  }
}

function byTime(one: Found, other: Found): number {
  return one.stamp < other.stamp ? -1 : one.stamp > other.stamp ? 1 : 0;
}
