// One invocation of friday: its flags, its terminal, and how it reaches the control plane.
import type { Client } from '../api/client.ts';
import type { ColourWhen, Environment } from './output/paint.ts';
import type { Progress, Terminal } from './output/terminal.ts';

/** Flags that every verb has. */
export type Flags = {
  readonly file: readonly string[];
  readonly profile: readonly string[];
  /** Null = the control plane of this project on this machine. */
  readonly host: string | null;
  readonly json: boolean;
  readonly progress: Progress;
  readonly color: ColourWhen;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
};

/** Time and patience, so that tests need neither. */
export type Clock = {
  readonly now: () => number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type Call = {
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborts at Ctrl-C. Who asks for it ends in order; as long as nobody has asked, Ctrl-C ends the process at once. */
  readonly interrupt: () => AbortSignal;
  /** The control plane that this call is about. Failure: `not-found` without a compose file, `invalid` for a wrong address. */
  readonly connect: () => Promise<Client>;
};
