// A private Docker Engine for tests: own folder, socket, bridge and addresses, ended and removed without a trace.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Engine, engineAt } from './client.ts';
import { baseImageTar } from './fixture-image.ts';
import { addNetwork, dropNetwork, type TestNetwork } from './fixture-network.ts';
import { Info } from './objects.ts';

const run = promisify(execFile);

export type TestEngine = {
  readonly dir: string;
  /** In the words of DOCKER_HOST. */
  readonly host: string;
  readonly engine: Engine;
  /** What its log says last, for a failed test. */
  log(): string;
  /** SIGTERM by default; containers go on when it was made with `isLive`, or is killed. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same folder. */
  start(): Promise<void>;
  /** Ends everything it runs and removes what it left. */
  remove(): Promise<void>;
};

export type TestEngineOptions = {
  /** Containers outlive an engine that is stopped. Default false. */
  readonly isLive?: boolean;
  /** Without the image `node-base:local`. Default false. */
  readonly isEmpty?: boolean;
};

const READY_MS = 60_000;
const END_MS = 30_000;
const USUAL = ['/usr/sbin', '/usr/local/sbin', '/usr/bin'];

function dockerd(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...USUAL];
  return folders.map((folder) => join(folder, 'dockerd')).find((file) => existsSync(file)) ?? null;
}

/** A running engine with `node-base:local`, which has /bin/node (the one that runs this) and /bin/sh. */
export async function newTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'friday-engine-'));
  const network = await addNetwork();
  const host = `unix://${join(dir, 'docker.sock')}`;
  const engine = engineAt(host);
  const state = { child: null as ChildProcess | null };
  const made: TestEngine = {
    dir,
    host,
    engine,
    log: () => readFileSync(join(dir, 'log'), 'utf8').split('\n').slice(-30).join('\n'),
    stop: async (signal = 'SIGTERM') => {
      if (state.child !== null) await ended(state.child, signal);
      state.child = null;
    },
    start: async () => {
      state.child = spawnEngine(dir, host, network, options);
      await untilAnswers(made, state.child);
    },
    remove: async () => {
      if (state.child !== null) await removeContainers(engine).catch(() => undefined);
      await made.stop();
      await engine.close();
      await endContainerd(dir);
      await unmountBelow(dir);
      await dropNetwork(network);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    await made.start();
    if (options.isEmpty !== true) await importBase(engine, dir);
  } catch (error) {
    await made.remove();
    throw error;
  }
  return made;
}

function spawnEngine(
  dir: string,
  host: string,
  network: TestNetwork,
  { isLive = false }: TestEngineOptions,
): ChildProcess {
  const log = openSync(join(dir, 'log'), 'a');
  const words = [
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')],
    ...['--host', host, '--bridge', network.bridge, '--default-address-pool', `base=${network.pool},size=26`],
    // The rules of several engines would undo each other, and containers need no way out.
    ...['--iptables=false', '--ip6tables=false', '--ip-masq=false'],
    ...(isLive ? ['--live-restore'] : []),
  ];
  // It ends with the one who started it, should that die without a word.
  return spawn('setpriv', ['--pdeathsig', 'TERM', dockerd() ?? 'dockerd', ...words], {
    stdio: ['ignore', log, log],
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, HOME: dir },
  });
}

async function untilAnswers(made: TestEngine, child: ChildProcess): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    const why = await made.engine.get('/info', Info).then(() => null, String);
    if (why === null) return;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`The engine did not start: ${why}\n${made.log()}`);
    await wait(50);
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const isOver = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const late = new AbortController();
  const tooLate = wait(END_MS, 'late', { signal: late.signal }).catch(() => '');
  if ((await Promise.race([isOver, tooLate])) === 'late') {
    child.kill('SIGKILL');
    await isOver;
  }
  late.abort();
}

async function importBase(engine: Engine, dir: string): Promise<void> {
  const skeleton = join(dir, 'skeleton');
  mkdirSync(skeleton);
  const tar = await baseImageTar(skeleton);
  const query = { fromSrc: '-', repo: 'node-base', tag: 'local', changes: 'CMD ["/bin/node","/app/server.mjs"]' };
  const answer = await engine.stream('POST', '/images/create', { query, body: tar });
  const words = (await answer.toArray()).join('');
  if (words.includes('"error"')) throw new Error(`The base image cannot be imported: ${words}`);
}

async function removeContainers(engine: Engine): Promise<void> {
  const all = await engine.get('/containers/json', z.array(z.object({ Id: z.string() })), { query: { all: true } });
  const remove = ({ Id }: { Id: string }) =>
    engine.order('DELETE', `/containers/${Id}`, { query: { force: true, v: true } });
  await Promise.allSettled(all.map(remove));
}

/** One that was killed leaves its containerd, and that the shims of its containers. */
async function endContainerd(dir: string): Promise<void> {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  const pids = stdout
    .split('\n')
    .filter((line) => line.includes(`${dir}/`) && /containerd/.test(line))
    .map((line) => Number.parseInt(line, 10));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function unmountBelow(dir: string): Promise<void> {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
  for (const point of points) await run('umount', ['-l', point]).catch(() => undefined);
}
