// Records what the API says while the calculator is released: node test/recordings/record.ts NAME. It takes about a minute.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CourseView, LiveFrame, RangeView } from '../../src/api/live-views.ts';
import { exchange, linesOf, textOf } from '../../src/api/transport.ts';
import type { ReleaseView } from '../../src/api/views.ts';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';
import { RELEASED } from '../../src/cli/demo/stories.ts';
import { startDaemon } from '../../src/server/daemon.ts';
import { type Answers, type Framed, fileOf, NAMES, type Name, packed } from './format.ts';

type Plan = {
  readonly variant: 'good' | 'broken' | 'slow';
  readonly bake: string;
  /** Requests per second before and during the release. */
  readonly rates: readonly [number, number];
  readonly isDone: (view: ReleaseView) => boolean;
  readonly kills?: boolean;
};

const isOver = (view: ReleaseView) => view.isOver;
const PLANS: Readonly<Record<Name, Plan>> = {
  good: { variant: 'good', bake: '8s', rates: [40, 40], isDone: isOver },
  // So many that what failed can be told from chance.
  broken: { variant: 'broken', bake: '8s', rates: [150, 150], isDone: isOver },
  slow: { variant: 'slow', bake: '8s', rates: [40, 40], isDone: isOver },
  waiting: { variant: 'good', bake: '3s', rates: [20, 0.5], isDone: (view) => view.state === 'waiting_for_traffic' },
  lost: { variant: 'good', bake: '10m', rates: [40, 40], isDone: (view) => view.candidate.requests > 60, kills: true },
};
const LIMIT_MS = 150_000;
/** Traffic before the release, and what is still counted after it. */
const QUIET_MS = 5000;
const LATE_MS = 5000;

async function record(name: Name): Promise<void> {
  const plan = PLANS[name];
  const stage = await openStage(plan.rates[0]);
  try {
    setBake((await stage.client.status()).file, plan.bake);
    await sleep(QUIET_MS);
    stage.setRate(plan.rates[1]);
    const from = Date.now();
    const { id: release } = await stage.release(plan.variant);
    const end = new AbortController();
    const frames: Framed[] = [];
    const listening = listen(stage, release, end.signal, (frame) =>
      frames.push({ kind: 'frame', at: Date.now() - from, frame }),
    );
    await until(stage, release, plan.isDone);
    await sleep(LATE_MS);
    const answers = await ask(stage, release, from);
    const to = Date.now();
    if (plan.kills) await loseControl(stage);
    end.abort();
    await listening;
    const about = {
      kind: 'about',
      format: 'fridaymorning recording 1',
      name,
      service: RELEASED,
      release,
      from,
      to,
    } as const;
    const bytes = packed({ about, answers, frames, lostAt: plan.kills ? to - from : null });
    writeFileSync(fileOf(name), bytes);
    process.stderr.write(
      `${name}: ${frames.length} frames of ${Math.round((to - from) / 1000)} s, ${bytes.length} bytes\n`,
    );
  } finally {
    await stage.close();
  }
}

function setBake(file: string, bake: string): void {
  const override = join(dirname(file), 'compose.override.yaml');
  writeFileSync(override, readFileSync(override, 'utf8').replace(/bake: \w+/, `bake: ${bake}`));
}

const socketOf = (stage: Stage) => ({ socketPath: join(stage.stateDir, 'friday.sock') });

async function listen(stage: Stage, release: number, signal: AbortSignal, onFrame: (frame: LiveFrame) => void) {
  const path = `/api/v1/live?release=${release}&after=0`;
  const headers = { accept: 'application/x-ndjson' };
  try {
    const answer = await exchange(socketOf(stage), { method: 'GET', path, headers, signal });
    for await (const frame of linesOf(answer)) onFrame(frame as LiveFrame);
  } catch {
    // Its end is what was asked for, or the loss that is recorded.
  }
}

async function until(stage: Stage, id: number, isDone: Plan['isDone']): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const view = await stage.client.release(id);
    if (isDone(view)) return;
    if (performance.now() > deadline) throw new Error(`After ${LIMIT_MS / 1000} s it is still so: ${view.sentence}`);
    await sleep(200);
  }
}

async function ask(stage: Stage, release: number, from: number): Promise<Answers> {
  const get = async <T>(path: string): Promise<T> => {
    const answer = await exchange(socketOf(stage), { method: 'GET', path: `/api/v1${path}`, headers: {} });
    return JSON.parse(await textOf(answer, socketOf(stage))) as T;
  };
  const range = (by: string, metric: string) =>
    get<RangeView>(`/metrics?metric=${metric}&by=${by}&from=${from - 60_000}&to=${Date.now()}`);
  const everything = 'requests,errors,p50,p95,p99,cpu,memory,open';
  const events = [];
  for await (const event of stage.client.events({ follow: false, limit: 500 }, new AbortController().signal))
    events.push(event);
  return {
    kind: 'answers',
    releases: [...(await stage.client.releases({ limit: 20 }))],
    course: await get<CourseView>(`/releases/${release}/course?points=240&moments=40`),
    events,
    versions: [...(await stage.client.versions(RELEASED))],
    traffic: await stage.client.traffic(RELEASED),
    ranges: {
      service: await range('service', everything),
      version: await range('version', everything),
      instance: await range('instance', everything),
    },
  };
}

/** Kills the control plane and starts it again, as it is the one that ends what it runs. */
async function loseControl(stage: Stage): Promise<void> {
  const { pid, file } = await stage.client.status();
  process.kill(pid, 'SIGKILL');
  await startDaemon({
    stateDir: stage.stateDir,
    ...socketOf(stage),
    args: ['serve', '--file', file, '--port', '0'],
    cwd: resolve(file, '..'),
    environment: { ...process.env, FRIDAY_STATE_DIR: resolve(stage.stateDir, '..') },
    timeoutMs: 40_000,
  });
}

const asked = process.argv.slice(2);
const names = NAMES.filter((name) => asked.includes(name));
if (names.length === 0 || names.length !== asked.length) {
  process.stderr.write(`Say which: node test/recordings/record.ts ${NAMES.join('|')}\n`);
  process.exitCode = 2;
}
for (const name of names) await record(name);
