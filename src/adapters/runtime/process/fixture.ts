// What the tests of the process runtime share: a temporary folder, small real programs, and patience.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { claimPorts } from '../../../../test/ports.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { InstanceSeen, InstanceSpec, Runtime } from '../../../ports/runtime.ts';
import { type ProcessRuntime, type ProcessRuntimeOptions, processRuntime } from './runtime.ts';

/** Answers on PORT with what its text says; `/status` files decide the answer of `/up`. */
export const SERVER = `
  import { createServer } from 'node:http';
  import { existsSync } from 'node:fs';
  createServer((request, response) => {
    response.statusCode = existsSync(new URL('./down', import.meta.url)) ? 503 : 200;
    response.end(String(process.pid));
  }).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
`;

/** Those of this test process. */
export const PORTS = await claimPorts();

export type World = {
  readonly root: string;
  readonly dir: string;
  readonly runtime: ProcessRuntime;
  /** Ends this life of the runtime, and begins the next on the same folder. */
  reopen(): ProcessRuntime;
  /** A build folder with these files. */
  folder(files: Readonly<Record<string, string>>): string;
  close(): Promise<void>;
};

export function newWorld(options: Partial<ProcessRuntimeOptions> = {}): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-process-')));
  const dir = join(root, 'state');
  const open = () => processRuntime({ dir, ports: PORTS, ...options });
  const world = {
    root,
    dir,
    ...livesOf(open),
    folder: folderIn(root),
    close: async () => {
      for (const { id, state } of await world.runtime.list()) if (state !== 'exited') await world.runtime.stop(id);
      await until(async () => (await world.runtime.list()).every(({ state }) => state === 'exited'));
      world.runtime.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return world;
}

/** A runtime that may end and begin again. */
export function livesOf<Life extends { close(): void }>(open: () => Life): { runtime: Life; reopen(): Life } {
  return {
    runtime: open(),
    reopen() {
      this.runtime.close();
      this.runtime = open();
      return this.runtime;
    },
  };
}

/** Makes build folders there. */
export function folderIn(root: string): (files: Readonly<Record<string, string>>) => string {
  return (files) => {
    const context = mkdtempSync(join(root, 'code-'));
    write(context, files);
    return context;
  };
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

export function specOf(context: string | null, part: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'web',
    context,
    image: null,
    command: [process.execPath, 'server.mjs'],
    install: null,
    workingDir: '.',
    environment: {},
    dependsOn: [],
    replicas: 1,
    restart: 'always',
    stopSignal: 'SIGTERM',
    stopGraceMs: 2000,
    readiness: { type: 'http', path: '/up', intervalMs: 100, timeoutMs: 1000 },
    port: 80,
    routes: [],
    isSticky: false,
    metrics: null,
    scheme: 'http',
    timeoutMs: 30_000,
    hold: { requests: 100, ms: 1000 },
    release: { steps: [], needsFinalApproval: false, minRequests: 0, readyTimeoutMs: 60_000, keepWarmMs: 0 },
    ...part,
  };
}

/** Prepares the service and gives the wanted instance. */
export async function wanted(
  runtime: Pick<Runtime, 'prepare'>,
  spec: ServiceSpec,
  version = 1,
  slot = 1,
): Promise<InstanceSpec> {
  const revision = await runtime.prepare(spec);
  const id = `${spec.name}-v${version}-${slot}`;
  return { id, service: spec.name, version, slot, revision, spec, environment: spec.environment, port: null };
}

/** Prepares and starts, and gives what is seen once it is ready. */
export async function running(
  runtime: ProcessRuntime,
  spec: ServiceSpec,
  version = 1,
  slot = 1,
): Promise<InstanceSeen> {
  const instance = await wanted(runtime, spec, version, slot);
  await runtime.start(instance);
  return untilSeen(runtime, instance.id, ({ state }) => state === 'ready');
}

export async function untilSeen(
  runtime: Pick<Runtime, 'list'>,
  id: string,
  check: (seen: InstanceSeen) => boolean,
): Promise<InstanceSeen> {
  let seen: InstanceSeen | undefined;
  const isSo = async () => {
    seen = (await runtime.list()).find((one) => one.id === id);
    return seen !== undefined && check(seen);
  };
  await until(isSo, () => JSON.stringify(seen));
  return seen as InstanceSeen;
}

export async function until(check: () => boolean | Promise<boolean>, seen = () => ''): Promise<void> {
  const end = Date.now() + 45_000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`It did not come true within 45 s. ${seen()}`);
    await wait(20);
  }
}

/** Ended, whether or not its parent took note. */
export function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
