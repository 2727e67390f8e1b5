// What the control plane is built from, every port and who it is, and what it does.
import type { Listen } from '../core/traffic.ts';
import type { decide } from '../core/turn.ts';
import type { Balancer } from '../ports/balancer.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logs } from '../ports/logs.ts';
import type { Nodes } from '../ports/nodes.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import type { Control } from './api.ts';

export type ControlOptions = {
  readonly clock: Clock;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly balancer: Balancer;
  /** Left out, there is no HTTPS. */
  readonly certificates?: Certificates;
  /** Of a runtime with several machines. */
  readonly nodes?: Nodes;
  /** Where instances write, to say why requests failed; left out, that is not said. */
  readonly logs?: Pick<Logs, 'read'>;
  readonly project: {
    readonly name: string;
    readonly file: string;
    readonly host: string;
    readonly version: string;
    readonly pid: number;
  };
  /** A loopback port that is free now. */
  readonly freePort: () => Promise<number>;
  /** Why an address of this machine cannot be had, in words; null when it can. Left out, every one can. */
  readonly refusedAddress?: (address: Listen) => Promise<string | null>;
  /** The decision of a turn; simulation tests plant mistakes here. */
  readonly decide?: typeof decide;
  readonly log: (entry: Readonly<Record<string, unknown>>) => void;
};

export type ControlPlane = Control & {
  /** One turn. Throws what a port throws; nothing is half done then, and the next turn starts from what was remembered. */
  turn(): Promise<void>;
  /** Turns once a second until aborted. A turn that throws is logged and the next one comes. */
  run(signal: AbortSignal): Promise<void>;
  /** The next turn comes now. */
  wake(): void;
  /** When the last turn ended well, ms since 1970. */
  lastTurnAt(): number | null;
  /** Nothing runs, nothing is wanted. */
  isEmpty(): boolean;
};
