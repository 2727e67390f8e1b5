// What can be watched in the simulated world, for those who check it. Nothing here is told by the control plane.

import type { Cell, Cursor, Observations, Table } from '../core/traffic.ts';
import type { InstanceSeen, InstanceSpec } from '../ports/runtime.ts';
import type { Change } from '../ports/store.ts';

/** Requests that clients saw fail for the same cause, in one second. */
export type Loss = {
  readonly service: string;
  readonly requests: number;
  /**
   * `stopped`: the instance was told to stop. `refused`: nobody was there to answer. `ended`: the instance ended by
   * itself. `answered`: the code answered with an error or not at all. `balancer`: the balancer was away.
   */
  readonly cause: 'stopped' | 'refused' | 'ended' | 'answered' | 'balancer';
  readonly instance: string | null;
};

export interface Watcher {
  listed?(instances: readonly InstanceSeen[]): void;
  starting?(instance: InstanceSpec): void;
  stopping?(id: string): void;
  /** Before the table takes effect. */
  applying?(table: Table, before: Table): void;
  /** The table routes from now on. */
  routing?(table: Table, before: Table): void;
  observed?(observations: Observations, after: Cursor | null): void;
  /** After the store has it. */
  committed?(change: Change): void;
  lost?(loss: Loss): void;
  counted?(cell: Cell): void;
  /** At the end of every second. */
  second?(): void;
}

/** Passes everything on to each of several watchers, in order. */
export class Watchers implements Required<Watcher> {
  readonly #all: Watcher[] = [];

  add(watcher: Watcher): void {
    this.#all.push(watcher);
  }

  listed(instances: readonly InstanceSeen[]): void {
    for (const one of this.#all) one.listed?.(instances);
  }
  starting(instance: InstanceSpec): void {
    for (const one of this.#all) one.starting?.(instance);
  }
  stopping(id: string): void {
    for (const one of this.#all) one.stopping?.(id);
  }
  applying(table: Table, before: Table): void {
    for (const one of this.#all) one.applying?.(table, before);
  }
  routing(table: Table, before: Table): void {
    for (const one of this.#all) one.routing?.(table, before);
  }
  observed(observations: Observations, after: Cursor | null): void {
    for (const one of this.#all) one.observed?.(observations, after);
  }
  committed(change: Change): void {
    for (const one of this.#all) one.committed?.(change);
  }
  lost(loss: Loss): void {
    for (const one of this.#all) one.lost?.(loss);
  }
  counted(cell: Cell): void {
    for (const one of this.#all) one.counted?.(cell);
  }
  second(): void {
    for (const one of this.#all) one.second?.();
  }
}
