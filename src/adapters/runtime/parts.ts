// What a runtime brings to the control plane beside itself: one file per runtime makes it.
import type { Logs } from '../../ports/logs.ts';
import type { Nodes } from '../../ports/nodes.ts';
import type { Runtime } from '../../ports/runtime.ts';

export type PartsOptions = {
  /** Name of the project. */
  readonly project: string;
  /** Absolute folder of the project's state. */
  readonly stateDir: string;
};

export type RuntimeParts = {
  readonly runtime: Runtime;
  readonly logs: Logs;
  /** With several machines. */
  readonly nodes?: Nodes;
  /** Calls `listener` when something happened to an instance. Gives the way to end it. */
  onChange(listener: () => void): () => void;
  /** Ends asking and looking; instances go on. */
  close(): void;
  /** Everything was stopped: what was remembered for as long as something runs is forgotten. */
  forget(): void;
};
