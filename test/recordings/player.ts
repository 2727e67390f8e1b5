// Plays a recording as a control plane would have told it: the real application, its routes and its stream, over values that were recorded.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../src/api/client.ts';
import { createAccess } from '../../src/server/access/access.ts';
import { memoryAccess } from '../../src/server/access/memory.ts';
import { noRows, tablesOver } from '../../src/server/access/tables.ts';
import { createApp } from '../../src/server/app.ts';
import { logsOf, TOKEN } from '../../src/server/fixture.ts';
import { listenOnLoopback } from '../../src/server/listen.ts';
import type { Recording } from './format.ts';
import { Played } from './played.ts';

export type Player = {
  readonly url: string;
  /** As root of the machine. */
  readonly client: Client;
  /** Time begins; until then everything is as in the first moment, and after the end as in the last. */
  start(): void;
  /** Resolves when all was told, or when the control plane is lost. */
  readonly ended: Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
};

/** A control plane turns once a second; the stream sends frames at most every 450 ms, so that turns more often cost nothing. */
const TURN_MS = 150;
/** So long after the last moment the stream has told it. */
const TOLD_MS = 1200;

/** A recorded second takes 1 / `speed` seconds, and its times end soon: next to nothing that is shown is in the future. */
export async function playRecording(recording: Recording, speed: number): Promise<Player> {
  const { about, lostAt } = recording;
  const started = Promise.withResolvers<void>();
  let startedAt: number | null = null;
  const elapsed = () => (startedAt === null ? 0 : (Date.now() - startedAt) * speed);
  const lastMs = lostAt ?? about.to - about.from;
  // By whole seconds: points begin with one.
  const later = Math.floor((Date.now() + lastMs / speed - about.to) / 1000) * 1000;
  const played = new Played(moved(recording, later), () => Math.min(elapsed(), lastMs));
  const end = new AbortController();
  const app = createApp({
    control: played.control,
    access: createAccess(tablesOver(memoryAccess(), noRows(), fail), { cost: { n: 16, r: 1, p: 1 } }),
    project: played.control.status().project,
    pageUrl: () => url,
    logs: logsOf([]),
    lastTurnAt: () => Date.now(),
    now: () => Date.now(),
    token: TOKEN,
    stop: () => {},
    log: () => {},
    version: played.control.status().version,
    engines: { runtime: 'process', balancer: 'embedded' },
    ending: end.signal,
  });
  const listener = await listenOnLoopback(app, 0);
  const url = `http://127.0.0.1:${listener.port}`;
  const turning = setInterval(() => played.turn(), TURN_MS);
  let closing: Promise<void> | null = null;
  const close = () => {
    clearInterval(turning);
    end.abort();
    started.resolve();
    closing ??= listener.close(0);
    return closing;
  };
  const telling = async () => {
    await started.promise;
    await sleep(lastMs / speed + TOLD_MS, undefined, { signal: end.signal }).catch(() => {});
    if (lostAt !== null) await close();
  };
  const start = () => {
    startedAt ??= Date.now();
    started.resolve();
  };
  return { url, client: createClient({ url, token: TOKEN }), start, ended: telling(), close };
}

/** All moments (milliseconds since 1970) later by `ms`. Nothing else in a recording is a number of that size. */
export function moved(recording: Recording, ms: number): Recording {
  const isMoment = (value: unknown): value is number =>
    typeof value === 'number' && value > 1_500_000_000_000 && value < 2_500_000_000_000;
  return JSON.parse(JSON.stringify(recording), (_, value: unknown) =>
    isMoment(value) ? value + ms : value,
  ) as Recording;
}

function fail(error: unknown): never {
  throw error;
}
