// The composition root: builds every adapter and the control plane, serves the API over it, and closes all in order.
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sqliteAccess } from './adapters/access/sqlite.ts';
import { embeddedBalancer } from './adapters/balancer/embedded/balancer.ts';
import { haproxyBalancer } from './adapters/balancer/haproxy/balancer.ts';
import { certificateKeeper } from './adapters/certificates/keeper.ts';
import { systemClock } from './adapters/clock/system.ts';
import { notifierFor } from './adapters/notifier/create.ts';
import { dockerParts, hasContainers } from './adapters/runtime/docker/parts.ts';
import type { PartsOptions, RuntimeParts } from './adapters/runtime/parts.ts';
import { hasProcesses, processParts } from './adapters/runtime/process/parts.ts';
import { hasTasks, swarmParts } from './adapters/runtime/swarm/parts.ts';
import { sqliteStore } from './adapters/store/sqlite.ts';
import { createControl } from './control/control.ts';
import type { ControlPlane } from './control/options.ts';
import { Failure, sentenceOf } from './core/failure.ts';
import { type Access, openAccess } from './server/access/access.ts';
import { isAnswered } from './server/answered.ts';
import { type App, createApp } from './server/app.ts';
import { daemonLogFile, logToFile, logToStderr } from './server/daemon-log.ts';
import { type Ending, watchEnding } from './server/ending.ts';
import { closeOwnFolder } from './server/folder.ts';
import { freePorts, refusedAddress } from './server/free-port.ts';
import { createLife, type Life, onSignals, surviveBugs, whenDue } from './server/life.ts';
import { listenOnLoopback, listenOnSocket } from './server/listen.ts';
import { openTelling, withProblems } from './server/notices/open.ts';
import type { Outbox } from './server/notices/outbox.ts';
import { secretIn } from './server/notices/secrets.ts';
import { notifySystemd } from './server/notify.ts';
import { stateFile } from './server/paths.ts';
import { announcer, presentIn, untilGone } from './server/present.ts';
import type { Log } from './server/refusal.ts';
import { ownToken } from './server/token.ts';

export type BalancerKind = 'embedded' | 'haproxy';
export type RuntimeKind = 'process' | 'docker' | 'swarm';

export type ServeOptions = {
  /** Name of the project. */
  readonly project: string;
  /** Absolute path of its Compose file, to be shown. */
  readonly file: string;
  readonly stateDir: string;
  readonly socketPath: string;
  /** Loopback TCP port; null = 4747, or a free one when that is taken; 0 = a free one. */
  readonly port: number | null;
  /** What the file asks for; null when it cannot be read. A balancer that runs already goes on whatever this says. */
  readonly balancer: BalancerKind | null;
  /** The same for what runs the services. */
  readonly runtime: RuntimeKind | null;
  /** Log on stderr instead of daemon.log. */
  readonly isForeground: boolean;
};

export type Running = {
  readonly socketPath: string;
  readonly url: string;
  /** Ends the control plane; instances and balancer go on. Idempotent; resolves when everything is closed. */
  stop(why: string): Promise<void>;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
};

/** What open answers still have when the control plane ends. */
const GRACE_MS = 2000;
const BALANCER_GRACE_MS = 5000;
/** An earlier control plane that is ending needs so long at most. */
const HANDOVER_MS = 8000;
const ENDING_POLL_MS = 100;
const SWEEP_MS = 60_000;

/**
 * Runs the control plane of one project in this process until it is stopped: by `stop`, SIGTERM, SIGINT or POST /stop,
 * or after everything was asked to stop and is gone (then the balancer has ended too). Failures: `conflict` (one runs
 * already, or the port is taken), and whatever an adapter throws when it cannot start; nothing is left open then.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  closeOwnFolder(options.stateDir);
  const log = options.isForeground ? logToStderr() : logToFile(daemonLogFile(options.stateDir));
  const notify = notifySystemd(process.env, process.pid, log);
  await requireAlone(options);
  await using stack = new AsyncDisposableStack();
  const { announce, end } = announcer(options.stateDir);
  stack.defer(end);
  const life = createLife(log, notify);
  const built = await build(options, log, stack);
  turn(built.control, stack);
  const closing = new AbortController();
  let url = '';
  const app = appOf(options, built, { life, log, ending: closing.signal, ownUrl: () => url });
  const tcp = await listenOnLoopback(app, options.port);
  stack.defer(() => tcp.close(GRACE_MS));
  url = `http://127.0.0.1:${tcp.port}`;
  announce({ pid: process.pid, socketPath: options.socketPath, url });
  const socket = await listenOnSocket(app, options.socketPath);
  stack.defer(() => socket.close(GRACE_MS));
  stack.defer(() => closing.abort());
  stack.defer(surviveBugs(log));
  stack.defer(onSignals((signal) => void life.stop(signal)));
  const { isDue } = built.ending;
  stack.defer(whenDue(isDue, () => void life.stop('everything was asked to stop'), ENDING_POLL_MS));
  life.keep(stack.move());
  log({ level: 'info', message: 'the control plane runs', project: options.project, pid: process.pid, url });
  await notify.ready(`${options.project}: ${url}`);
  return { socketPath: options.socketPath, url, stop: life.stop, ended: life.ended };
}

/** One control plane per project: nobody may answer where this one would, nor where one was announced. */
async function requireAlone({ project, stateDir, socketPath }: ServeOptions): Promise<void> {
  await untilGone(stateDir, HANDOVER_MS);
  const present = presentIn(stateDir);
  for (const path of new Set([socketPath, present?.socketPath ?? socketPath])) {
    if (!(await isAnswered(path))) continue;
    const who = present === null ? '' : ` (process ${present.pid})`;
    throw new Failure('conflict', `A control plane of ${project} runs already${who}: it answers at ${path}.`, {
      hint: 'Use it as it is: friday status. It ends by itself after: friday down',
    });
  }
}

type Built = {
  access: Access;
  control: ControlPlane;
  outbox: Outbox;
  ending: Ending;
  logs: RuntimeParts['logs'];
  balancerKind: BalancerKind;
  runtimeKind: RuntimeKind;
};

/** The adapters, and the control plane over them. The store's lock keeps a second control plane out. */
async function build(options: ServeOptions, log: Log, stack: AsyncDisposableStack): Promise<Built> {
  const { project, file, stateDir } = options;
  const warn = (message: string) => log({ level: 'warn', message });
  const store = sqliteStore({ file: stateFile(stateDir), warn });
  stack.defer(() => store.close());
  const access = await accessOf(stateDir, log, stack);
  const runtimeKind = runtimeOf(options);
  const parts = partsOf(runtimeKind, { project, stateDir });
  stack.defer(() => parts.close());
  const balancerKind = balancerOf(options);
  const dir = join(stateDir, BALANCER_FOLDERS[balancerKind]);
  const balancer = balancerKind === 'haproxy' ? haproxyBalancer({ dir }) : embeddedBalancer({ dir });
  const { runtime, logs, nodes } = parts;
  const certificates = certificateKeeper({ dir: join(stateDir, 'certificates'), stateDir });
  stack.defer(() => certificates.close());
  const control = await createControl({
    clock: systemClock(),
    store,
    runtime,
    balancer,
    certificates,
    logs,
    ...(nodes === undefined ? {} : { nodes }),
    project: { name: project, file, host: hostname(), version: ownVersion(), pid: process.pid },
    freePort: freePorts(),
    refusedAddress,
    log,
  });
  const place = { environment: { ...process.env }, file };
  const outbox = await openTelling({
    store,
    control,
    create: (target) => notifierFor(target, (ref) => secretIn(place, ref)),
    project,
    publicHosts: () => access.publicHosts(),
    log,
  });
  stack.defer(() => outbox.close());
  const ending = watchEnding(control);
  stack.defer(async () => {
    if (!ending.isDue()) {
      log({ level: 'info', message: 'instances and balancer go on; to stop them: friday down' });
      return;
    }
    await balancer.stop(BALANCER_GRACE_MS);
    parts.forget();
    log({ level: 'info', message: 'nothing is left to run: the balancer has ended too' });
  });
  stack.defer(parts.onChange(() => control.wake()));
  stack.defer(certificates.onChange(() => control.wake()));
  return { access, control, outbox, ending, logs, balancerKind, runtimeKind };
}

/** Who may come in. What has ended by itself is swept away once a minute. */
async function accessOf(stateDir: string, log: Log, stack: AsyncDisposableStack): Promise<Access> {
  const complain = (error: unknown) =>
    log({ level: 'error', message: 'what people do could not be stored', error: sentenceOf(error) });
  const people = sqliteAccess(join(stateDir, 'access.db'));
  stack.defer(() => people.close());
  const access = await openAccess(people, complain);
  const timer = setInterval(() => void access.sweep(Date.now()).catch(complain), SWEEP_MS);
  stack.defer(() => clearInterval(timer));
  return access;
}

const BALANCER_FOLDERS: Readonly<Record<BalancerKind, string>> = { embedded: 'balancer', haproxy: 'haproxy' };

/** The one that has a table goes on: it may be serving. Else what the file asks for. */
function balancerOf({ stateDir, balancer }: ServeOptions): BalancerKind {
  const kinds = ['embedded', 'haproxy'] as const;
  const running = kinds.find((kind) => existsSync(join(stateDir, BALANCER_FOLDERS[kind], 'table.json')));
  return running ?? balancer ?? 'embedded';
}

/** The one that may have something running goes on. Else what the file asks for. */
function runtimeOf({ stateDir, runtime }: ServeOptions): RuntimeKind {
  if (hasTasks(stateDir)) return 'swarm';
  if (hasContainers(stateDir)) return 'docker';
  if (hasProcesses(stateDir)) return 'process';
  return runtime ?? 'process';
}

function partsOf(kind: RuntimeKind, options: PartsOptions): RuntimeParts {
  if (kind === 'docker') return dockerParts(options);
  if (kind === 'swarm') return swarmParts(options);
  return processParts(options);
}

/** The loop turns until the stack is closed, which waits for the turn under way. */
function turn(control: ControlPlane, stack: AsyncDisposableStack): void {
  const ending = new AbortController();
  const turning = control.run(ending.signal);
  stack.defer(async () => {
    ending.abort();
    await turning;
  });
}

type Around = {
  readonly life: Life;
  readonly log: Log;
  /** Aborts when the control plane ends. */
  readonly ending: AbortSignal;
  readonly ownUrl: () => string;
};

/** The application. Its streams end with `ending`, so that their readers come back later. */
function appOf(options: ServeOptions, built: Built, { life, log, ending, ownUrl }: Around): App {
  const { access, control, outbox, logs, balancerKind, runtimeKind } = built;
  return createApp({
    control: withProblems(built.ending.control, outbox),
    logs,
    lastTurnAt: () => control.lastTurnAt(),
    now: () => Date.now(),
    token: ownToken(options.stateDir),
    access,
    project: options.project,
    pageUrl: () => access.publicHosts().map((host) => `https://${host}`)[0] ?? ownUrl(),
    outbox,
    configure: async (project) => {
      await access.setPublicHosts(project.web?.hosts ?? []);
      await outbox.configure(project.notify ?? []);
    },
    stop: (by) => void life.stop(`${by} asked for it`),
    log,
    version: ownVersion(),
    engines: { runtime: runtimeKind, balancer: balancerKind },
    ending,
  });
}

/** The version in package.json, one folder above this file both unbuilt and compiled. */
function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
