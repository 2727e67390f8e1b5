// What the soak runs on: the project in a temporary folder, its control plane, and the orders given to it.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../src/api/client.ts';
import type { ReleaseView, StatusView } from '../../src/api/views.ts';
import { loadProject } from '../../src/cli/project.ts';
import { formatProblems } from '../../src/core/spec/problem.ts';
import { startDaemon } from '../../src/server/daemon.ts';
import { placeOf } from '../../src/server/paths.ts';
import { openEngine, type RUNTIMES, type SoakEngine } from './engines.ts';

const COMPOSE = `name: soak
services:
  web:
    build: ./app
    command: node server.ts
    deploy:
      replicas: $\{REPLICAS:-2}
    stop_grace_period: 10s
    x-friday:
      port: 5000
      route: "*"
      ready: /health
      release: { plan: [20, 50], bake: 2s, requests: 20, keep_warm: "$\{KEEP_WARM:-4s}", hold_back: 20 }
x-friday:
  listen: "127.0.0.1:0"
`;

const SLOW = '{ p50: 1000%, p90: 1000%, p95: 1000%, p99: 1000% }';
const ORDER = { reason: 'soak' };
const LIMIT_MS = 90_000;

export type Ground = {
  readonly client: Client;
  readonly port: number;
  /** Changes the code and releases it. */
  release(isBroken: boolean): Promise<ReleaseView>;
  /** Changes the code and releases it; `spoil` makes every answer of this version an error from then on. */
  releaseFading(): Promise<{ readonly release: ReleaseView; readonly spoil: () => void }>;
  /** Waits until the release satisfies the condition. */
  until(id: number, isDone: (view: ReleaseView) => boolean): Promise<ReleaseView>;
  scale(replicas: number): Promise<void>;
  /** Waits until all wanted instances are ready and nothing is under way. */
  settle(): Promise<StatusView>;
  /** kill -9 of one stable instance; gives its id. */
  killInstance(before: (id: string) => void): Promise<string>;
  /** kill -9 of the control plane, a while without one, then a new one. */
  killControl(awayMs: number): Promise<void>;
  close(): Promise<void>;
};

export const BALANCERS = ['embedded', 'haproxy'] as const;

export type GroundOptions = {
  /** How long the old version is compared after a promotion, like `10m`; 4 s without it. */
  readonly keepWarm?: string;
  /** As in the file: instances follow the load instead of `replicas`. */
  readonly scale?: string | null;
  /** A version that answers up to eleven times as late is still good: fresh containers on a busy machine do. */
  readonly mayBeSlow?: boolean;
  readonly balancer?: (typeof BALANCERS)[number];
  readonly runtime?: (typeof RUNTIMES)[number];
};

function composeOf(
  { scale = null, mayBeSlow = false, balancer = 'embedded', runtime = 'process' }: GroundOptions,
  { nodes }: SoakEngine,
): string {
  const swarm = nodes === undefined ? '' : `  swarm: { nodes: ${JSON.stringify(nodes)} }\n`;
  const file = mayBeSlow ? COMPOSE.replace('hold_back: 20', `hold_back: 20, latency: ${SLOW}`) : COMPOSE;
  const top = `${file}  balancer: ${balancer}\n  runtime: ${runtime}\n${swarm}`;
  if (scale === null) return top;
  const before = '      port: 5000\n';
  return top.replace(/ {4}deploy:\n.*\n/, '').replace(before, `${before}      scale: ${scale}\n`);
}

export async function openGround(options: GroundOptions = {}): Promise<Ground> {
  const { keepWarm = '4s', runtime = 'process' } = options;
  const engine = await openEngine(runtime);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-soak-')));
  const folder = join(root, 'project');
  mkdirSync(folder);
  cpSync(resolve(import.meta.dirname, 'app'), join(folder, 'app'), { recursive: true });
  writeFileSync(join(folder, 'compose.yaml'), composeOf(options, engine));
  const environment: Record<string, string | undefined> = {
    ...process.env,
    ...engine.environment,
    FRIDAY_STATE_DIR: join(root, 'state'),
  };
  const project = (replicas = 2) => {
    const read = loadProject({
      cwd: folder,
      environment: { ...environment, REPLICAS: String(replicas), KEEP_WARM: keepWarm },
    });
    if (!read.project) throw new Error(formatProblems(read.problems));
    return read.project;
  };
  const place = placeOf({ project: 'soak', environment, uid: process.getuid?.() ?? 0 });
  mkdirSync(place.stateDir, { recursive: true, mode: 0o700 });
  const client = createClient({ socketPath: place.socketPath }, { by: 'soak' });
  const args = ['serve', '--file', join(folder, 'compose.yaml'), '--port', '0'];
  const start = () => startDaemon({ ...place, args, cwd: folder, environment });
  const close = async () => {
    await closeGround(client, start, root).finally(() => engine.close());
  };
  const settle = () => settled(client);
  const status = await begin(async () => {
    await start();
    await client.up({ ...ORDER, project: project() });
    return settle();
  }, close);
  const port = Number(new URL(status.listening[0] ?? '').port);
  let edit = 0;
  let replicas = 2;
  const release = (behaviour: object) => {
    edit += 1;
    writeFileSync(join(folder, 'app', 'behaviour.json'), JSON.stringify({ edit, ...behaviour }));
    return client.releaseService('web', { ...ORDER, project: project(replicas) });
  };
  return {
    client,
    port,
    settle,
    until: (id, isDone) => untilRelease(client, id, isDone),
    release: (isBroken) => release({ isBroken }),
    releaseFading: async () => {
      const spoiledBy = join(root, 'spoiled');
      return { release: await release({ isBroken: false, spoiledBy }), spoil: () => writeFileSync(spoiledBy, '') };
    },
    scale: async (count) => {
      replicas = count;
      await client.up({ ...ORDER, project: project(count) });
      await settle();
    },
    killInstance: (before) => killInstance(client, engine, before),
    killControl: async (awayMs) => {
      process.kill((await client.status()).pid, 'SIGKILL');
      await sleep(awayMs);
      await start();
    },
    close,
  };
}

/** What fails at the beginning leaves nothing behind. */
async function begin<T>(work: () => Promise<T>, close: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whatever ended the work: only a control plane can end what runs, and it is the last to end. */
export async function closeGround(client: Client, start: () => Promise<void>, root: string): Promise<void> {
  if (!(await client.isAlive())) await start();
  const { pid } = await client.status();
  await client.down(ORDER);
  const deadline = performance.now() + 60_000;
  while (isRunning(pid) && performance.now() < deadline) await sleep(100);
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function settled(client: Client): Promise<StatusView> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const status = await client.status();
    const isQuiet = status.services.every((one) => one.state === 'healthy' && one.instances.length === one.wanted);
    if (isQuiet && status.services.length > 0 && status.listening.length > 0) return status;
    if (performance.now() > deadline) throw new Error(`Not settled: ${JSON.stringify(status, null, 1)}`);
    await sleep(100);
  }
}

async function untilRelease(client: Client, id: number, isDone: (view: ReleaseView) => boolean): Promise<ReleaseView> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const view = await client.release(id);
    if (isDone(view) || view.isOver) return view;
    if (performance.now() > deadline) throw new Error(`Release ${id} did not get on: ${JSON.stringify(view, null, 1)}`);
    await sleep(50);
  }
}

async function killInstance(client: Client, engine: SoakEngine, before: (id: string) => void): Promise<string> {
  const service = await client.service('web');
  const victim = service.instances.find((one) => one.version === service.version && one.state === 'ready');
  if (!victim) throw new Error('No ready instance to kill.');
  before(victim.id);
  await engine.kill(victim.handle);
  return victim.id;
}
