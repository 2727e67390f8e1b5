// HAProxy itself: started as a process that outlives this one, asked through its master, reloaded without losing a connection.
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../../../core/failure.ts';
import { configOf, FILES, HOLD, mapText, routesOf, statesOf, type Wanted } from './config.ts';
import { askMaster, type Workers, workersIn } from './master.ts';
import { challengesOf, TLS_FILES, writeCertificates } from './tls.ts';

const START_MS = 10_000;
const LOOK_MS = 10;
const MOST_LOG_BYTES = 4 * 1024 * 1024;
const LOG_LINES = 10;

export class Engine {
  private readonly dir: string;
  private readonly program: string;
  private readonly log: string;
  private readonly pidFile: string;

  constructor(dir: string, program: string) {
    this.dir = dir;
    this.program = program;
    this.log = join(dir, 'haproxy.log');
    this.pidFile = join(dir, 'haproxy.pid');
  }

  ask(command: string): Promise<string> {
    return askMaster(join(this.dir, FILES.master), command);
  }

  async workers(): Promise<Workers> {
    return workersIn(await this.ask('show proc'));
  }

  /** Process id of the master when it lives; null otherwise. */
  get pid(): number | null {
    try {
      const pid = Number(readFileSync(this.pidFile, 'utf8'));
      // The command line keeps a recycled id from being taken for it.
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(this.dir) ? pid : null;
    } catch {
      return null;
    }
  }

  /** Failure: `invalid` when a certificate cannot be read. */
  write(wanted: Wanted): void {
    const files = {
      [FILES.config]: configOf(wanted),
      [FILES.hold]: HOLD,
      [FILES.states]: mapText(statesOf(wanted)),
      [FILES.routes]: mapText(routesOf(wanted.table)),
      [TLS_FILES.challenges]: mapText(challengesOf(wanted.table)),
    };
    writeCertificates(this.dir, wanted.table);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.dir, name), text, { mode: 0o600 });
  }

  /** Failure: `unavailable`, with what HAProxy says against its configuration. */
  async check(): Promise<void> {
    const said = await new Promise<string | null>((resolve) => {
      const args = ['-c', '-q', '-C', this.dir, '-f', FILES.config];
      execFile(this.program, args, (error, stdout, stderr) =>
        resolve(error ? `${stdout}${stderr}` || error.message : null),
      );
    });
    if (said === null) return;
    const evidence = said.trim().split('\n').slice(-LOG_LINES);
    throw new Failure('unavailable', `HAProxy refuses its configuration ${join(this.dir, FILES.config)}.`, {
      evidence,
    });
  }

  /** Returns when it takes connections. Failure: `unavailable`. */
  async start(): Promise<void> {
    rmSync(join(this.dir, FILES.master), { force: true });
    const log = openSync(this.log, 'a', 0o600);
    const args = ['-W', '-S', `unix@${FILES.master},mode,600`, '-C', this.dir, '-f', FILES.config];
    const child = spawn(this.program, args, { cwd: this.dir, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    let ended: string | null = null;
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `exit status ${code}`}`;
    });
    child.unref();
    if (child.pid !== undefined) writeFileSync(this.pidFile, `${child.pid}\n`, { mode: 0o600 });
    const until = performance.now() + START_MS;
    while (performance.now() < until && ended === null) {
      if (await this.isServing()) return;
      await wait(LOOK_MS);
    }
    throw this.notDone('could not be started', ended ?? `it did not answer within ${START_MS / 1000} s`);
  }

  /** Returns when the new configuration takes all new connections. Failure: `unavailable`; the old one then goes on. */
  async reload(): Promise<void> {
    const before = (await this.workers()).current;
    await this.ask('reload').catch(() => '');
    const until = performance.now() + START_MS;
    while (performance.now() < until) {
      const now = await this.workers().catch(() => null);
      if (now !== null && now.failed > 0) throw this.notDone('refused to reload', 'the old configuration goes on');
      if (now !== null && now.current !== null && now.current !== before && (await this.answers(now.current))) return;
      await wait(LOOK_MS);
    }
    throw this.notDone('did not reload', `nothing came within ${START_MS / 1000} s`);
  }

  /** Open requests have `graceMs`, then it is ended. */
  async stop(graceMs: number): Promise<void> {
    const { pid } = this;
    if (pid === null) return;
    signal(pid, 'SIGUSR1');
    if (!(await this.hasEnded(graceMs))) signal(pid, 'SIGTERM');
    if (!(await this.hasEnded(2_000))) signal(pid, 'SIGKILL');
    await this.hasEnded(2_000);
    rmSync(this.pidFile, { force: true });
  }

  /** Keeps what HAProxy writes about itself to a bounded size. */
  boundLog(): void {
    try {
      if (statSync(this.log).size > MOST_LOG_BYTES) truncateSync(this.log, 0);
    } catch {
      // Without a log there is nothing to bound.
    }
  }

  private async isServing(): Promise<boolean> {
    const workers = await this.workers().catch(() => null);
    return workers !== null && workers.current !== null && (await this.answers(workers.current));
  }

  private answers(worker: number): Promise<boolean> {
    return this.ask(`@!${worker} show info`).then(
      (text) => text.includes('Uptime'),
      () => false,
    );
  }

  private async hasEnded(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs;
    do {
      if (this.pid === null) return true;
      await wait(LOOK_MS);
    } while (performance.now() < until);
    return this.pid === null;
  }

  private notDone(what: string, why: string): Failure {
    let evidence: string[] = [];
    try {
      evidence = readFileSync(this.log, 'utf8').trim().split('\n').slice(-LOG_LINES);
    } catch {
      // No log is no evidence.
    }
    return new Failure('unavailable', `HAProxy ${what}: ${why}. Its log is ${this.log}.`, { evidence });
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}
