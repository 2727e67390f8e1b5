// Logs from the output files that the process runtime keeps: nothing is indexed, only what is asked for is read.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LogLine, LogQuery, Logs } from '../../ports/logs.ts';
import { type About, archivesIn, readAbout } from '../runtime/process/output/archive.ts';
import { closeAll, openSegments, type Segment } from '../runtime/process/output/files.ts';
import { followOutput, type OutputFollower } from '../runtime/process/output/follow.ts';
import { linesOf, type OutputLine, unlessRotated } from '../runtime/process/output/read.ts';
import { isAtLeast, levelOf } from './level.ts';

/** The folder of one instance, running or removed. */
type Source = { readonly about: About; readonly folder: string; readonly isRemoved: boolean };

/** A source with its files open. */
type Opened = Source & { readonly segments: readonly Segment[] };

type Followed = { source: Source; readonly output: OutputFollower };

const POLL_MS = 200;
const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;

/** Reads the folder of a process runtime. It may belong to this process or to another one. */
export function fileLogs(dir: string): Logs {
  return {
    read: async (query) => {
      return unlessRotated(async () => {
        const opened = openAll(dir, query);
        try {
          return await lastLines(opened.values(), query);
        } finally {
          close(opened);
        }
      });
    },
    follow: (query, signal) => follow(dir, query, signal),
  };
}

async function* follow(dir: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
  const followed = new Map<string, Followed>();
  const { untilMs: _, ...open } = query;
  const before = await unlessRotated(async () => {
    followed.clear();
    const opened = openAll(dir, open);
    try {
      // From the same open files as what is read, so that no line is left out or repeated in between.
      for (const [key, { segments, ...source }] of opened) followed.set(key, begin(source, segments));
      return await lastLines(opened.values(), open);
    } finally {
      close(opened);
    }
  });
  yield* before;
  const known = new Map<string, About>();
  while (!signal.aborted) {
    for (const line of freshLines(sourcesIn(dir, query, known), query, followed)) {
      yield line;
      if (signal.aborted) return;
    }
    await wait(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function begin(source: Source, from: readonly Segment[]): Followed {
  const one: Followed = { source, output: followOutput(() => one.source.folder, from) };
  return one;
}

/** What came since the last call, also from instances that are new, and the end of those that were removed. */
function* freshLines(
  sources: ReadonlyMap<string, Source>,
  query: LogQuery,
  followed: Map<string, Followed>,
): Generator<LogLine> {
  for (const key of followed.keys()) if (!sources.has(key)) followed.delete(key);
  for (const [key, source] of sources) {
    const one = followed.get(key) ?? begin(source, []);
    const wasRemoved = one.source.isRemoved && followed.has(key);
    followed.set(key, one);
    if (wasRemoved) continue;
    one.source = source;
    for (const output of newOutput(one)) {
      const line = wantedLine(source, output, query);
      if (line !== null) yield line;
    }
  }
}

function* newOutput({ source, output }: Followed): Generator<OutputLine> {
  let lines = output.take();
  yield* lines;
  if (!source.isRemoved) return;
  while (lines.length > 0) {
    lines = output.take();
    yield* lines;
  }
  yield* output.rest();
}

/** The newest lines that are wanted over all sources, oldest first: always the newest of the sources' next ones. */
async function lastLines(opened: Iterable<Opened>, query: LogQuery): Promise<LogLine[]> {
  const count = Math.min(MOST_LINES, Math.max(0, query.lines ?? DEFAULT_LINES));
  const heads: { line: LogLine; readonly rest: AsyncIterator<LogLine> }[] = [];
  const lines: LogLine[] = [];
  if (count === 0) return lines;
  for (const source of opened) {
    const rest = wantedBackward(source, query);
    const first = await rest.next();
    if (first.done !== true) heads.push({ line: first.value, rest });
  }
  while (heads.length > 0 && lines.length < count) {
    const newest = heads.reduce((best, head) => (head.line.at > best.line.at ? head : best));
    lines.push(newest.line);
    const next = await newest.rest.next();
    if (next.done === true) heads.splice(heads.indexOf(newest), 1);
    else newest.line = next.value;
  }
  return lines.reverse();
}

async function* wantedBackward(source: Opened, query: LogQuery): AsyncGenerator<LogLine> {
  const { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = query;
  for await (const some of linesOf(source.segments, untilMs)) {
    for (const output of some) {
      if (output.at < sinceMs) return;
      const line = wantedLine(source, output, query);
      if (line !== null) yield line;
    }
  }
}

function wantedLine({ about }: Source, { at, text }: OutputLine, { pattern, level: worst }: LogQuery): LogLine | null {
  if (pattern !== undefined && !text.toLowerCase().includes(pattern.toLowerCase())) return null;
  const level = levelOf(text);
  if (worst !== undefined && !isAtLeast(level, worst)) return null;
  return { at, service: about.service, version: about.version, instance: about.id, level, text };
}

function openAll(dir: string, query: LogQuery): Map<string, Opened> {
  const sources = [...sourcesIn(dir, query)];
  return new Map(sources.map(([key, source]) => [key, { ...source, segments: openSegments(source.folder) }]));
}

function close(opened: ReadonlyMap<string, Opened>): void {
  for (const { segments } of opened.values()) closeAll(segments);
}

/**
 * The folders that the query is about, by inode: a folder keeps it when its instance is removed and it is moved.
 * `known` remembers whose folder is whose from call to call.
 */
function sourcesIn(dir: string, query: LogQuery, known = new Map<string, About>()): Map<string, Source> {
  const { service, version, instance } = query;
  // In this order, so that one that is moved meanwhile is seen twice rather than not at all.
  const running = namesIn(join(dir, 'instances')).map((name) => join(dir, 'instances', name));
  const removed = namesIn(join(dir, 'logs'))
    .filter((name) => service === undefined || name === service)
    .flatMap((name) => archivesIn(join(dir, 'logs', name)));
  const sources = new Map<string, Source>();
  for (const [index, folder] of [...running, ...removed].entries()) {
    const about = known.get(folder) ?? readAbout(folder);
    const inode = statSync(folder, { throwIfNoEntry: false })?.ino;
    if (about === null || inode === undefined) continue;
    known.set(folder, about);
    if (service !== undefined && about.service !== service) continue;
    if (version !== undefined && about.version !== version) continue;
    if (instance !== undefined && about.id !== instance) continue;
    sources.set(String(inode), { about, folder, isRemoved: index >= running.length });
  }
  return sources;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
