// Machines for tests on one machine: network namespaces on a bridge, each with a host name and a Docker Engine of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Engine, engineAt } from '../engine/client.ts';
import { Info } from '../engine/objects.ts';

const run = promisify(execFile);

/** One of the machines. Its engine, its containers and its cable can be lost one by one. */
export type Machine = {
  readonly hostname: string;
  /** Reached from here, where a balancer can run. */
  readonly address: string;
  /** Of its engine, in the words of DOCKER_HOST. */
  readonly host: string;
  readonly engine: Engine;
  /** Kills the engine; its containers go on. */
  killEngine(): Promise<void>;
  /** Kills the engine and everything that it runs. */
  killAll(): Promise<void>;
  /** Starts the engine again; it joins its swarm by itself. */
  start(): Promise<void>;
  unplug(): Promise<void>;
  plug(): Promise<void>;
  log(): string;
};

export type Machines = {
  readonly dir: string;
  readonly all: readonly Machine[];
  /** Where the machines reach this one. */
  readonly gateway: string;
  /** Ends everything and removes what it left. */
  remove(): Promise<void>;
};

const PLACES = 16;
const READY_MS = 60_000;
const END_MS = 20_000;

/** Running engines on machines of their own, `n1`, `n2` and so on, whoever else makes some at the same time. Needs root. */
export async function newMachines(count: number, dir: string): Promise<Machines> {
  const place = await claimPlace(dir);
  const hosts = Array.from({ length: count }, (_, index) => new TestMachine(place, dir, index + 1));
  const remove = async () => {
    await Promise.all(hosts.map((one) => one.end()));
    await clear(place, dir);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    for (const one of hosts) await one.connect();
    await Promise.all(hosts.map((one) => one.start()));
  } catch (error) {
    await remove();
    throw error;
  }
  return { dir, all: hosts, gateway: addressIn(place, 1), remove };
}

const bridgeOf = (place: number) => `frs${place}`;
const spaceOf = (place: number, number: number) => `frs${place}n${number}`;
const cableOf = (place: number, number: number) => `frs${place}v${number}`;
/** Of all places. A registry there has no certificate. */
const NETWORK = '10.212.0.0/16';
const addressIn = (place: number, last: number) => `10.212.${place}.${last}`;

/** The bridge is the claim on names and addresses: there is only one of a name. Its owner is written on it. */
async function claimPlace(dir: string): Promise<number> {
  for (let place = 0; place < PLACES; place += 1) {
    const bridge = bridgeOf(place);
    await clearIfAbandoned(place);
    const isClaimed = await run('ip', ['link', 'add', bridge, 'type', 'bridge']).then(
      () => true,
      () => false,
    );
    if (!isClaimed) continue;
    writeFileSync(`/sys/class/net/${bridge}/ifalias`, `${process.pid} ${dir}`);
    await run('ip', ['address', 'add', `${addressIn(place, 1)}/24`, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    await forwarding('-I', bridge);
    return place;
  }
  throw new Error(`All ${PLACES} places for test machines are taken: ip link show type bridge`);
}

async function clearIfAbandoned(place: number): Promise<void> {
  try {
    const [pid = '', dir = ''] = readFileSync(`/sys/class/net/${bridgeOf(place)}/ifalias`, 'utf8')
      .trim()
      .split(' ');
    if (!(Number(pid) > 0) || dir === '' || isAlive(Number(pid))) return;
    await clear(place, dir);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** An engine of this machine may have closed the way through. */
async function forwarding(what: '-I' | '-D', bridge: string): Promise<void> {
  for (const side of ['-i', '-o']) {
    await run('iptables', ['-w', what, 'FORWARD', side, bridge, '-j', 'ACCEPT']).catch(() => undefined);
  }
}

/** Ends whatever runs on a folder of engines, and takes away mounts, machines and bridge. */
async function clear(place: number, dir: string): Promise<void> {
  for (const pid of await processesOf(dir)) kill(pid);
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await run('umount', ['-l', point]).catch(() => undefined);
  const spaces = existsSync('/var/run/netns') ? readdirSync('/var/run/netns') : [];
  for (const space of spaces.filter((name) => name.startsWith(`frs${place}n`))) {
    await run('ip', ['netns', 'delete', space]).catch(() => undefined);
  }
  for (const link of readdirSync('/sys/class/net').filter((name) => name.startsWith(`frs${place}v`))) {
    await run('ip', ['link', 'delete', link]).catch(() => undefined);
  }
  await forwarding('-D', bridgeOf(place));
  await run('ip', ['link', 'delete', bridgeOf(place)]).catch(() => undefined);
}

/** Engines, shims and what runs in their containers: processes with the folder in their command, and their children. */
async function processesOf(dir: string): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args='], { maxBuffer: 50_000_000 });
  const all = stdout.split('\n').flatMap((line) => {
    const [, pid, parent, words = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), words }];
  });
  const isOfEngine = (words: string) => words.includes(`${dir}/`) && /dockerd|containerd/.test(words);
  const found = new Set(all.filter(({ words }) => isOfEngine(words)).map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

class TestMachine implements Machine {
  readonly hostname: string;
  readonly address: string;
  readonly host: string;
  readonly engine: Engine;
  readonly #place: number;
  readonly #number: number;
  readonly #dir: string;
  #child: ChildProcess | null = null;

  constructor(place: number, dir: string, number: number) {
    this.#place = place;
    this.#number = number;
    this.#dir = join(dir, `n${number}`);
    this.hostname = `n${number}`;
    this.address = addressIn(place, 10 + number);
    this.host = `unix://${join(this.#dir, 'docker.sock')}`;
    this.engine = engineAt(this.host);
  }

  async connect(): Promise<void> {
    const [space, cable] = [spaceOf(this.#place, this.#number), cableOf(this.#place, this.#number)];
    await run('ip', ['netns', 'add', space]);
    await run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'e0', 'netns', space]);
    await run('ip', ['link', 'set', cable, 'master', bridgeOf(this.#place), 'up']);
    await run('ip', ['-n', space, 'address', 'add', `${this.address}/24`, 'dev', 'e0']);
    for (const link of ['e0', 'lo']) await run('ip', ['-n', space, 'link', 'set', link, 'up']);
    await run('ip', ['-n', space, 'route', 'add', 'default', 'via', addressIn(this.#place, 1)]);
  }

  async start(): Promise<void> {
    mkdirSync(this.#dir, { recursive: true });
    const file = (name: string) => join(this.#dir, name);
    const log = openSync(file('log'), 'a');
    const name = spaceOf(this.#place, this.#number);
    const dockerd = ['--data-root', file('data'), '--exec-root', file('exec'), '--pidfile', file('pid')];
    const spaces = ['--containerd-namespace', name, '--containerd-plugins-namespace', `${name}p`];
    const reach = ['--host', this.host, '--insecure-registry', NETWORK];
    // `ip netns exec` would mount /sys anew, and the engine then finds no cgroups.
    const inside = [`--net=/var/run/netns/${name}`, 'unshare', '--uts', 'sh', '-c'];
    const script = `hostname ${this.hostname} && exec setpriv --pdeathsig TERM dockerd "$@"`;
    this.#child = spawn('nsenter', [...inside, script, 'sh', ...dockerd, ...spaces, ...reach], {
      stdio: ['ignore', log, log],
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, HOME: this.#dir },
    });
    await this.#untilAnswers(this.#child);
  }

  async killEngine(): Promise<void> {
    await this.#endEngine('SIGKILL');
  }

  async killAll(): Promise<void> {
    const pids = await processesOf(this.#dir);
    await this.#endEngine('SIGKILL');
    for (const pid of pids) kill(pid);
  }

  async unplug(): Promise<void> {
    await run('ip', ['link', 'set', cableOf(this.#place, this.#number), 'down']);
  }

  async plug(): Promise<void> {
    await run('ip', ['link', 'set', cableOf(this.#place, this.#number), 'up']);
  }

  log(): string {
    return readFileSync(join(this.#dir, 'log'), 'utf8').split('\n').slice(-30).join('\n');
  }

  /** Leaves nothing to look after. */
  async end(): Promise<void> {
    await this.killAll();
    await this.engine.close();
  }

  async #untilAnswers(child: ChildProcess): Promise<void> {
    const end = Date.now() + READY_MS;
    for (;;) {
      const why = await this.engine.get('/info', Info).then(() => null, String);
      if (why === null) return;
      const isOver = child.exitCode !== null || child.signalCode !== null;
      if (isOver || Date.now() > end)
        throw new Error(`The engine of ${this.hostname} did not start: ${why}\n${this.log()}`);
      await wait(50);
    }
  }

  async #endEngine(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const isOver = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await Promise.race([isOver, wait(END_MS, undefined, { ref: false })]);
  }
}
