// The one error class of the project and its six codes. HTTP statuses and exit codes are tables elsewhere.

/** What went wrong, in the caller's terms. `invalid`: the input is wrong. `conflict`: right input, wrong moment. `refused`: not allowed. */
export type FailureCode = 'invalid' | 'not-found' | 'conflict' | 'refused' | 'unavailable' | 'timeout';

/** Where in a text a problem lies; lines and columns count from 1, `source` is the line itself. */
export type Position = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly source: string;
  /** Columns that the problem spans on that line; 1 when absent. */
  readonly width?: number;
};

export type FailureDetail = {
  /** The next step, as an instruction or a command. */
  readonly hint?: string;
  /** Last words of the thing that failed (log lines, an answer), at most 20 lines. */
  readonly evidence?: readonly string[];
  readonly position?: Position;
};

/** Thrown by adapters and by the control plane's commands; the core returns values instead. The message says what, where, expected, got. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly detail: FailureDetail;

  constructor(code: FailureCode, message: string, detail: FailureDetail = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
    this.detail = detail;
  }
}

/** The sentence of anything thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
