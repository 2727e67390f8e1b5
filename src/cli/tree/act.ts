// From a parsed command line to a verb: the call is made, the verb's code is loaded, its result becomes the exit code.
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { type ExitCode, Unreachable } from '../../api/tables.ts';
import type { Call, Flags } from '../call.ts';
import { flagsOf } from '../globals.ts';
import type { Environment } from '../output/paint.ts';

/** Of every verb that changes something. */
export const REASON = ['-m, --reason <text>', 'why, for the history'] as const;

/** What a program needs to run a verb. */
export type Runner = {
  readonly env: Environment;
  /** The call that these flags make. */
  readonly call: (flags: Flags) => Call;
  readonly exit: (code: ExitCode) => void;
};

/**
 * The action of a verb, which gets what commander gives: its arguments, then its options. Verbs are imported only when
 * they run, so that `friday --version` loads none of them.
 */
export function act<Given extends readonly unknown[]>(
  runner: Runner,
  verb: (call: Call, ...given: Given) => Promise<ExitCode>,
): (...all: [...Given, CommandUnknownOpts]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as CommandUnknownOpts;
    const given = all.slice(0, -1) as unknown as Given;
    const flags = flagsOf(command.parent?.opts() ?? {}, command.opts(), runner.env);
    const call = runner.call(flags);
    try {
      runner.exit(await verb(call, ...given));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const { nameTheLost } = await import('../daemon.ts');
      throw nameTheLost(call, error);
    }
  };
}
