// What every bench does around its measuring: it reads its options, says how to call it, and ends with a status that tells.
import { Missing } from './proxy/tools.ts';

const EXIT_USAGE = 2;
const EXIT_STOPPED = 130;

/**
 * Sets the exit status: 0 done, 1 failed, 2 wrong options, 130 stopped. `read` throws a TypeError for wrong options and
 * gives null when help is wanted; the signal of `work` aborts when the bench is asked to end.
 */
export async function runBench<Options>(
  name: string,
  usage: string,
  read: (args: readonly string[]) => Options | null,
  work: (options: Options, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  let options: Options | null;
  try {
    options = read(process.argv.slice(2));
  } catch (error) {
    console.error(`bench:${name}: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options === null) {
    console.log(usage);
    return;
  }
  try {
    await work(options, stop.signal);
  } catch (error) {
    process.exitCode = stop.signal.aborted ? EXIT_STOPPED : 1;
    if (!stop.signal.aborted) console.error(error instanceof Missing ? `bench:${name}: ${error.message}` : error);
  }
}

/** How this bench was called. */
export function commandOf(name: string): string {
  const args = process.argv.slice(2);
  return [`npm run bench:${name}`, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
}
