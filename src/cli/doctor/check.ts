// One finding of `friday doctor`: what was looked at, how it is, and the remedy when it is not well.

export type Finding = {
  /** `bad`: something will not work. `warn`: it works, but not as well as it could. `off`: simply not running. */
  readonly state: 'ok' | 'warn' | 'bad' | 'off';
  readonly text: string;
  /** What to do, one line each. */
  readonly remedy: readonly string[];
};

export function ok(text: string): Finding {
  return { state: 'ok', text, remedy: [] };
}

export function bad(text: string, ...remedy: readonly string[]): Finding {
  return { state: 'bad', text, remedy };
}

export function warn(text: string, ...remedy: readonly string[]): Finding {
  return { state: 'warn', text, remedy };
}

export function off(text: string, ...remedy: readonly string[]): Finding {
  return { state: 'off', text, remedy };
}
