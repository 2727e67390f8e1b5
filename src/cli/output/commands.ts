// Next steps: commands to copy, each with what it does.

export type Command = readonly [command: string, what: string];

/** Aligned in two columns; without the words when they do not fit. A command is never cut: cut, it is of no use. */
export function commands(rows: readonly Command[], width: number): string[] {
  const widest = Math.max(0, ...rows.map(([command]) => command.length));
  const lines = rows.map(([command, what]) => `${command.padEnd(widest)}   ${what}`);
  return lines.every((line) => line.length <= width) ? lines : rows.map(([command]) => command);
}
