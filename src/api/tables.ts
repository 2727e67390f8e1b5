// What the six failure codes and the ends of a release mean to the outside: HTTP statuses and exit codes, as data.
import { Failure, type FailureCode } from '../core/failure.ts';

/** Status of the answer, and the title of its problem body (RFC 9457). */
export const HTTP: Readonly<Record<FailureCode, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 422, title: 'The input is wrong' },
  'not-found': { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'Not possible at this moment' },
  refused: { status: 403, title: 'Not allowed' },
  unavailable: { status: 503, title: 'Something that is needed does not work' },
  timeout: { status: 504, title: 'It took too long' },
};

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 10 | 130;

/** Every exit code with its meaning, in order; `friday help exit-codes` prints it. */
export const EXIT_CODES: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: 0, meaning: 'Done: promoted, healthy, passed.' },
  { code: 1, meaning: 'Failed, or cancelled at a prompt.' },
  { code: 2, meaning: 'Bad arguments or a bad compose.yaml; nothing was changed.' },
  { code: 3, meaning: 'Not decided in --timeout; still running or held.' },
  { code: 4, meaning: 'Not signed in, or not allowed.' },
  { code: 5, meaning: 'The control plane cannot be reached.' },
  { code: 10, meaning: 'Rolled back: the candidate was judged worse or never became healthy.' },
  { code: 130, meaning: 'Stopped watching with Ctrl-C; the release goes on.' },
];

const EXITS: Readonly<Record<FailureCode, ExitCode>> = {
  invalid: 2,
  'not-found': 2,
  conflict: 1,
  refused: 4,
  unavailable: 1,
  timeout: 3,
};

/** Nothing answers where the control plane should be. Told apart from what a control plane itself cannot do. */
export class Unreachable extends Failure {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('unavailable', message, { hint }, options);
    this.name = 'Unreachable';
  }
}

/** The exit code for anything thrown; what is no `Failure` is a bug and counts as failed. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Unreachable) return 5;
  return error instanceof Failure ? EXITS[error.code] : 1;
}

/** The exit code for a release that was watched to its end; null while it is not over. */
export function exitCodeOfRelease(state: string): ExitCode | null {
  if (state === 'promoted') return 0;
  if (state === 'rolled_back' || state === 'failed') return 10;
  return null;
}
