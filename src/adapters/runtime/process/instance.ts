// One instance from launch or adoption to its end: what it is doing is always read from the machine, never assumed.
import type { ChildProcess } from 'node:child_process';
import { Failure, sentenceOf } from '../../../core/failure.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { InstanceSeen } from '../../../ports/runtime.ts';
import { type LaunchRecord, writeRecord } from './launch/record.ts';
import { spawnInstance } from './launch/spawn.ts';
import type { Layout } from './layout.ts';
import type { Proc, ProcessStat } from './watch/proc.ts';
import { type ReadinessWatch, watchReadiness } from './watch/readiness.ts';
import { isMember, type Usage } from './watch/usage.ts';

export type Surroundings = {
  readonly layout: Layout;
  readonly proc: Proc;
  readonly clock: Clock;
  /** Something about the instance changed that the control plane may want to know. */
  readonly onChange: (id: string) => void;
};

type Ended = { readonly code: number | null; readonly signal: string | null };

const HOST = '127.0.0.1';
const UNKNOWN_END = 'it ended; how is not known, because it outlived the control plane that started it';

export class Instance {
  readonly #around: Surroundings;
  #record: LaunchRecord;
  #readiness: ReadinessWatch | null = null;
  /** Set when this life of the control plane is the parent of the main process. */
  #child: ChildProcess | null = null;
  #ended: Ended | null = null;
  /** The main process was seen alive in this life, so that what is left of its group is ours without a doubt. */
  #isConfirmed = false;
  /** On the monotonic clock. */
  #killAt: number | null = null;
  /** The record on disk is behind, because the disk refused it; `look` tries again. */
  #isUnsaved = false;

  constructor(around: Surroundings, record: LaunchRecord) {
    this.#around = around;
    this.#record = record;
  }

  get record(): LaunchRecord {
    return this.#record;
  }

  get isOver(): boolean {
    return this.#record.exit !== null;
  }

  get isStopping(): boolean {
    return !this.isOver && this.#record.stop !== null;
  }

  /** Number of the main process; null before the launch and after the end. */
  get pid(): number | null {
    return this.isOver ? null : (this.#record.process?.pid ?? null);
  }

  /** Writes down that it is about to be launched. Failure: `unavailable` (it cannot be noted; nothing was started). */
  note(): void {
    try {
      writeRecord(this.#around.layout, this.#record);
    } catch (error) {
      const what = `${this.#record.id} was not started, because that cannot be noted: ${sentenceOf(error)}`;
      throw new Failure('unavailable', what, {}, { cause: error });
    }
  }

  /** Spawns what was noted, and notes the process. A program that cannot be started is an instance that exited. */
  async launch(): Promise<void> {
    const { layout, proc } = this.#around;
    const child = await spawnInstance(layout, this.#record);
    if (typeof child === 'string') {
      this.#end({ code: null, signal: null }, child);
      return;
    }
    const pid = child.pid ?? 0;
    this.#change({ process: { pid, startTime: proc.stat(pid)?.startTime ?? '', bootId: proc.bootId } });
    this.#isConfirmed = true;
    this.#child = child;
    child.once('exit', (code, signal) => {
      this.#ended = { code, signal };
      // What goes wrong here goes wrong again in the next look, where it is answered.
      this.look().catch(() => undefined);
    });
    this.#watch();
  }

  /** Takes over what an earlier control plane left: finds the process, goes on asking it, keeps its stop deadline. */
  async adopt(): Promise<void> {
    if (this.isOver) return;
    if (this.#record.process === null) await this.#find();
    if (this.isOver) return;
    const { stop, stopGraceMs } = this.#record;
    if (stop !== null) {
      const leftMs = Math.min(stopGraceMs, Math.max(0, stop.deadlineAt - this.#around.clock.now()));
      this.#killAt = this.#around.clock.monotonic() + leftMs;
    }
    await this.look();
    if (!this.isOver && stop === null) this.#watch();
  }

  /** Resolves when readiness is known well enough to be reported. */
  async settled(): Promise<void> {
    await this.#readiness?.first;
  }

  /** Compares the record with the machine and does what follows from it: note the end, end what is left, kill in time. */
  async look(): Promise<void> {
    if (this.#isUnsaved) this.#change({});
    if (this.isOver || this.#record.process === null) return;
    if (this.#isMainAlive()) {
      this.#isConfirmed = true;
      if (this.#isOverdue()) await this.#kill();
      return;
    }
    const members = await this.#members();
    if (this.isOver) return;
    if (members.length === 0) this.#end(this.#ended ?? { code: null, signal: null }, this.#endWords());
    else if (this.#record.stop === null) this.#signal(`${this.#endWords()}, and its children are still there`);
    else if (this.#isOverdue()) await this.#kill();
  }

  /** Sends the stop signal unless that was done before; SIGKILL follows by `look` after the grace time. */
  async stop(): Promise<void> {
    await this.look();
    if (!this.isOver && this.#record.stop === null) this.#signal('it was asked to stop');
  }

  seen(usage: Usage): InstanceSeen {
    const { id, service, version, slot, port, startedAt, exit, stop, reason } = this.#record;
    const { process } = this.#record;
    const handle = process === null || exit !== null ? '' : `pid ${process.pid}`;
    const common = { id, service, version, slot, handle, host: HOST, port, startedAt, exit };
    if (exit !== null) return { ...common, state: 'exited', reason, cpu: null, memory: null };
    if (stop !== null) return { ...common, state: 'stopping', reason: stop.reason, ...usage };
    const why = this.#readiness?.reason() ?? 'it was just started and was not asked yet';
    return { ...common, state: why === '' ? 'ready' : 'starting', reason: why, ...usage };
  }

  /** Stops asking and looking; the process goes on. */
  close(): void {
    this.#readiness?.close();
    this.#child?.removeAllListeners('exit');
  }

  #watch(): void {
    const { readiness, port, folder, environment, wasReady } = this.#record;
    this.#readiness = watchReadiness({ readiness, port, folder, environment }, wasReady, (isReady) => {
      this.#change({ wasReady: isReady });
      this.#around.onChange(this.#record.id);
    });
  }

  /** The control plane may have died between the spawn and its note: the token tells the process. */
  async #find(): Promise<void> {
    const { proc } = this.#around;
    const all = await proc.scan();
    const isMain = ({ pid, group, isZombie }: ProcessStat) => pid === group && !isZombie;
    const main = all.find((stat) => isMain(stat) && proc.tokenOf(stat.pid) === this.#record.token);
    if (main === undefined) {
      this.#end(
        { code: null, signal: null },
        'the control plane ended while it was starting it, and no process of it is there',
      );
      return;
    }
    this.#change({ process: { pid: main.pid, startTime: main.startTime, bootId: proc.bootId } });
  }

  /** The kernel's word, except for our own child: its exit status must arrive before it counts as ended. */
  #isMainAlive(): boolean {
    if (this.#child !== null) return this.#ended === null;
    const mark = this.#record.process;
    if (mark === null || mark.bootId !== this.#around.proc.bootId) return false;
    const stat = this.#around.proc.stat(mark.pid);
    return stat !== null && !stat.isZombie && stat.startTime === mark.startTime;
  }

  /** Living processes of the group when the main process is gone. */
  async #members(): Promise<ProcessStat[]> {
    const { proc } = this.#around;
    const mark = this.#record.process;
    if (mark === null || mark.bootId !== proc.bootId) return [];
    const all = await proc.scan();
    // The kernel gives a number out again only when no group or session has it any more.
    if (all.some(({ pid, startTime }) => pid === mark.pid && startTime !== mark.startTime)) return [];
    const members = all.filter((stat) => isMember(stat, mark.pid) && stat.pid !== mark.pid && !stat.isZombie);
    const isOurs = this.#isConfirmed || members.some(({ pid }) => proc.tokenOf(pid) === this.#record.token);
    return isOurs ? members : [];
  }

  #isOverdue(): boolean {
    return this.#killAt !== null && this.#around.clock.monotonic() >= this.#killAt;
  }

  #signal(reason: string): void {
    const { clock } = this.#around;
    const { stopGraceMs, stopSignal } = this.#record;
    const now = clock.now();
    this.#readiness?.close();
    this.#killAt = clock.monotonic() + stopGraceMs;
    this.#change({ stop: { at: now, deadlineAt: now + stopGraceMs, reason } });
    this.#send(-(this.pid ?? 0), stopSignal as NodeJS.Signals);
  }

  async #kill(): Promise<void> {
    const leader = this.pid ?? 0;
    this.#send(-leader, 'SIGKILL');
    // Children that made a group of their own are still in the session.
    for (const stat of await this.#around.proc.scan()) {
      if (stat.session === leader && stat.group !== leader) this.#send(stat.pid, 'SIGKILL');
    }
  }

  #send(target: number, signal: NodeJS.Signals): void {
    if (target === 0 || target === -1) return;
    try {
      process.kill(target, signal);
    } catch (error) {
      // Gone already is what was wanted; everything else shows as a process that stays.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      this.#change({ reason: `${signal} could not be sent: ${sentenceOf(error)}` });
    }
  }

  #endWords(): string {
    if (this.#ended === null) return UNKNOWN_END;
    const { code, signal } = this.#ended;
    return signal === null ? `it ended with exit status ${code}` : `it was ended by ${signal}`;
  }

  #end(ended: Ended, reason: string): void {
    this.#readiness?.close();
    this.#change({ exit: { at: this.#around.clock.now(), ...ended }, wasReady: false, reason });
    this.#around.onChange(this.#record.id);
  }

  /** A full disk must keep nobody from stopping an instance: what cannot be saved now is saved later. */
  #change(part: Partial<LaunchRecord>): void {
    this.#record = { ...this.#record, ...part };
    try {
      writeRecord(this.#around.layout, this.#record);
      this.#isUnsaved = false;
    } catch {
      this.#isUnsaved = true;
    }
  }
}
