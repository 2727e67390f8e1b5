// What programs that read the stream of the page, as fast as it comes, take of the control plane: with and without them in turn.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from './scene.ts';

export const WATCHERS = 50;
const LOOK_MS = 10_000;
const SETTLE_MS = 1500;

/** Shares of one core, 0 to 1, of each round; frames that a watcher got each second. */
export type Watchers = {
  readonly without: readonly number[];
  readonly with: readonly number[];
  readonly framesPerSecond: number;
};

export async function measureWatchers(scene: Scene, rounds: number): Promise<Watchers> {
  const [without, watched]: [number[], number[]] = [[], []];
  let frames = 0;
  for (let i = 0; i < rounds; i += 1) {
    without.push(await cpuDuring(scene.pid));
    const watching = await watch(scene);
    await sleep(SETTLE_MS);
    const before = watching.frames();
    watched.push(await cpuDuring(scene.pid));
    frames += watching.frames() - before;
    watching.stop();
    await sleep(SETTLE_MS);
  }
  return { without, with: watched, framesPerSecond: frames / WATCHERS / rounds / (LOOK_MS / 1000) };
}

async function watch({ stage, url, release }: Scene) {
  const token = readFileSync(join(stage.stateDir, 'token'), 'utf8').trim();
  const stop = new AbortController();
  let frames = 0;
  const read = async (body: ReadableStream<Uint8Array> | null) => {
    for await (const bytes of body ?? []) for (const byte of bytes) if (byte === 10) frames += 1;
  };
  for (let i = 0; i < WATCHERS; i += 1) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/api/v1/live?release=${release}`, { headers, signal: stop.signal });
    if (!answer.ok) throw new Error(`A watcher was answered ${answer.status}.`);
    // The end is an abort.
    read(answer.body).catch(() => undefined);
  }
  return { frames: () => frames, stop: () => stop.abort() };
}

/** Share of one core that all threads of the process used for a while. */
async function cpuDuring(pid: number): Promise<number> {
  const [before, began] = [cpuNs(pid), performance.now()];
  await sleep(LOOK_MS);
  return (cpuNs(pid) - before) / 1e6 / (performance.now() - began);
}

/** Nanoseconds that its living threads have run. Source: Linux, Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat. */
function cpuNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const [ran = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number);
    return sum + ran;
  }, 0);
}
