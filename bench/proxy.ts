// `npm run bench:proxy`: the embedded proxy beside other proxies, on this machine, in one interleaved run.
import { type Options, readOptions, USAGE } from './proxy/options.ts';
import { findings, type Result, tableOf, writeReadme } from './proxy/report.ts';
import { measure } from './proxy/rounds.ts';
import { othersShareOf, summarise } from './proxy/summary.ts';
import type { Name } from './proxy/targets.ts';
import { describeMachine, installPeers, Missing, requireTools, versionOf } from './proxy/tools.ts';

const EXIT_USAGE = 2;
const EXIT_STOPPED = 130;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());

const say = (words: string) => console.error(words);

async function bench(options: Options): Promise<Result> {
  if (options.isInstalled) await installPeers();
  requireTools(options.targets);
  const versions = new Map<Name, string>();
  for (const name of options.targets) versions.set(name, await versionOf(name));
  const machine = await describeMachine();
  const { rounds, counted } = await measure(options, stop.signal, say);
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench:proxy', ...process.argv.slice(2)].join(' ').replace('proxy -', 'proxy -- -'),
    machine,
    repeats: options.repeats,
    seconds: options.seconds,
    rows: summarise(rounds, versions),
    othersShare: othersShareOf(rounds),
    counted,
  };
}

/** The exit status. */
async function main(): Promise<number> {
  let options: Options | null;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`bench:proxy: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  try {
    const result = await bench(options);
    if (options.isWritten) await writeReadme(result);
    if (options.isJson) console.log(JSON.stringify(result, null, 2));
    else console.log(['', tableOf(result.rows), '', ...findings(result)].join('\n'));
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_STOPPED;
    console.error(error instanceof Missing ? `bench:proxy: ${error.message}` : error);
    return 1;
  }
}

process.exitCode = await main();
