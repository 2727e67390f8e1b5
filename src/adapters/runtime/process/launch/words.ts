// What an instance is given: its environment, and its command with the variables filled in.

/** Variables that an instance takes over from the runtime's own environment. Nothing else leaks into it. */
const OWN = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'];

export function ownEnvironment(): Record<string, string> {
  const entries = OWN.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Replaces `$PORT`, `${PORT}`, `$FRIDAY_…` and `${FRIDAY_…}`; one that is not set becomes empty, all other `$` stay. */
export function filled(words: readonly string[], environment: Readonly<Record<string, string>>): string[] {
  const variable = /\$(?:\{(PORT|FRIDAY_[A-Z0-9_]+)\}|(PORT|FRIDAY_[A-Z0-9_]+)(?![A-Za-z0-9_]))/g;
  return words.map((word) => word.replace(variable, (_, braced, bare) => environment[braced ?? bare] ?? ''));
}
