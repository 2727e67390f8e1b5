// The demo's stage: the calculator under pretend users, run by a control plane of its own in a temporary folder.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../api/client.ts';
import type { InstanceView, ReleaseView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import { formatProblems } from '../../core/spec/problem.ts';
import type { Project } from '../../core/spec/project.ts';
import { startDaemon } from '../../server/daemon.ts';
import { placeOf } from '../../server/paths.ts';
import { loadProject } from '../project.ts';
import { type DemoFolder, openFolder, type Users, type Variant } from './folder.ts';
import { RELEASED } from './stories.ts';

export type { Variant } from './folder.ts';

export type Stage = {
  readonly client: Client;
  /** Where a person sees the calculator. */
  readonly url: string;
  readonly instances: number;
  /** The state folder of its control plane. */
  readonly stateDir: string;
  /** What users have seen since the demo began. */
  users(): Users;
  setRate(requestsPerSecond: number): void;
  rate(): number;
  /** Edits the code of maths and releases it. */
  release(variant: Variant): Promise<ReleaseView>;
  /** SIGKILL for one ready instance of maths. */
  kill(): Promise<InstanceView>;
  /** Ends everything that was started and removes the folder. Idempotent. */
  close(): Promise<void>;
};

const READY_LIMIT_MS = 60_000;
const DOWN_LIMIT_MS = 30_000;

/** Starts all of it; resolves when the calculator answers and users arrive. What was started ends again when that fails. */
export async function openStage(ratePerSecond: number): Promise<Stage> {
  const folder = await openFolder();
  const stateDir = join(folder.root, 'state');
  await mkdir(stateDir, { recursive: true });
  const environment = { ...process.env, FRIDAY_STATE_DIR: stateDir };
  const project = projectIn(folder, environment);
  const place = placeOf({ project: project.name, environment, uid: process.getuid?.() ?? 0 });
  const client = createClient({ socketPath: place.socketPath }, { by: 'you' });
  const close = closer(folder, client);
  try {
    await startDaemon({
      ...place,
      args: ['serve', '--file', project.file, '--port', '0'],
      cwd: folder.calculator,
      environment,
    });
    await client.up({ project, reason: 'the demo begins' });
    const url = await untilServing(client, project);
    return startUsers({
      folder,
      environment,
      client,
      url,
      stateDir: place.stateDir,
      instances: countOf(project),
      ratePerSecond,
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

function projectIn(folder: DemoFolder, environment: Readonly<Record<string, string | undefined>>): Project {
  const { project, problems } = loadProject({ cwd: folder.calculator, environment });
  if (project) return project;
  throw new Failure('invalid', `The demo's own file is wrong.\n${formatProblems(problems)}`);
}

function countOf(project: Project): number {
  return project.services.reduce((sum, service) => sum + service.replicas, 0);
}

/** The public address, once every service has all its instances. */
async function untilServing(client: Client, project: Project): Promise<string> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const status = await client.status();
    const isReady =
      status.services.length === project.services.length && status.services.every((one) => one.state === 'healthy');
    const [url] = status.listening;
    if (isReady && url) return url;
    const failed = status.services.find((one) => one.state === 'down' && one.release === null);
    if (failed) throw new Failure('unavailable', failed.sentence);
    if (performance.now() > deadline) {
      const waiting = status.services.map((one) => one.sentence).join(' ');
      throw new Failure('timeout', `The calculator was not ready within ${READY_LIMIT_MS / 1000} s. ${waiting}`);
    }
    await sleep(50);
  }
}

type Parts = {
  readonly folder: DemoFolder;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly client: Client;
  readonly url: string;
  readonly stateDir: string;
  readonly instances: number;
  readonly ratePerSecond: number;
  readonly close: () => Promise<void>;
};

function startUsers({ folder, environment, client, url, stateDir, instances, ratePerSecond, close }: Parts): Stage {
  const seen = { requests: 0, failed: 0, dropped: 0 };
  const stop = new AbortController();
  let rate = ratePerSecond;
  // A release that is ordered after everything was stopped would start it again.
  let isClosing = false;
  let ordered: Promise<unknown> = Promise.resolve();
  const release = async (variant: Variant) => {
    await folder.edit(variant);
    const project = projectIn(folder, environment);
    return client.releaseService(RELEASED, { project, reason: `a ${variant} version` });
  };
  const arriving = folder.pretendUsers({
    url,
    ratePerSecond: () => rate,
    signal: stop.signal,
    onResult: ({ hasFailed, wasDropped }) => {
      seen.requests += 1;
      seen.failed += hasFailed ? 1 : 0;
      seen.dropped += wasDropped ? 1 : 0;
    },
  });
  return {
    client,
    url,
    instances,
    stateDir,
    users: () => ({ ...seen }),
    setRate: (requestsPerSecond) => {
      rate = requestsPerSecond;
    },
    rate: () => rate,
    release: async (variant) => {
      if (isClosing) throw new Failure('conflict', 'The demo ends, so nothing is released any more.');
      const given = release(variant);
      ordered = given.catch(() => {});
      return given;
    },
    kill: () => killOne(client),
    close: async () => {
      isClosing = true;
      stop.abort();
      await arriving;
      await ordered;
      await close();
    },
  };
}

async function killOne(client: Client): Promise<InstanceView> {
  const service = await client.service(RELEASED);
  const victim = service.instances.find((one) => one.state === 'ready' && one.version === service.version);
  const pid = Number(victim?.handle.replace('pid ', ''));
  if (!victim || !Number.isInteger(pid) || pid <= 1) {
    throw new Failure('conflict', `No instance of ${RELEASED} is ready, so none can be killed.`);
  }
  process.kill(pid, 'SIGKILL');
  return victim;
}

function closer(folder: DemoFolder, client: Client): () => Promise<void> {
  let closing: Promise<void> | null = null;
  const close = async () => {
    await endControl(client);
    await folder.remove();
  };
  return () => {
    closing ??= close();
    return closing;
  };
}

/** The control plane is the last to end: when its process is gone, so is everything that it ran. */
async function endControl(client: Client): Promise<void> {
  if (!(await client.isAlive())) return;
  const { pid } = await client.status();
  await client.down({ reason: 'the demo ends' });
  const deadline = performance.now() + DOWN_LIMIT_MS;
  while (isRunning(pid)) {
    if (performance.now() > deadline) {
      throw new Failure(
        'timeout',
        `The demo's control plane (pid ${pid}) has not ended within ${DOWN_LIMIT_MS / 1000} s.`,
      );
    }
    await sleep(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
