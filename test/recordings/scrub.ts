// Takes out of a recording what belongs to the machine that it was made on: folders, its name, process ids.
import { hostname } from 'node:os';
import { resolve } from 'node:path';

const PACKAGE = resolve(import.meta.dirname, '../..');
/** A folder of a machine, as it may stand in any text. */
const FOLDER = /\/(tmp|home|root|work|var|run|usr|Users|opt)\/[\w.@-]/;

/** Throws when a folder of the machine is still in it. */
export function scrubbed(lines: readonly unknown[]): unknown[] {
  const pids = new Map<string, number>();
  const pidOf = (pid: string) => {
    const known = pids.get(pid) ?? 4000 + pids.size;
    pids.set(pid, known);
    return known;
  };
  const cleaned = (text: string) =>
    text
      .replaceAll(/\/[^\s"':]*\/friday-demo-\w+/g, '/srv')
      .replaceAll(PACKAGE, '/srv/friday')
      .replaceAll(process.execPath, 'node')
      .replaceAll(hostname(), 'demo')
      .replaceAll(/\bpid (\d+)/g, (_, pid: string) => `pid ${pidOf(pid)}`);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return key === 'host' ? 'demo' : cleaned(value);
    if (typeof value === 'number') return key === 'pid' ? pidOf(`${value}`) : value;
    if (Array.isArray(value)) return value.map((one) => walk(one, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, name)]));
  };
  const clean = lines.map((line) => walk(line, ''));
  const left = leftIn(JSON.stringify(clean));
  if (left) throw new Error(`A folder of this machine is still in the recording: ${left}`);
  return clean;
}

/** The first piece of text that names a folder of a machine. */
export function leftIn(text: string): string | null {
  const at = text.search(FOLDER);
  return at < 0 ? null : text.slice(Math.max(0, at - 40), at + 60);
}
