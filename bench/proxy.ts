// `npm run bench:proxy`: the embedded proxy beside other proxies, on this machine, in one interleaved run.
import { type Options, readOptions, USAGE } from './proxy/options.ts';
import { findings, type Result, tableOf, writeReadme } from './proxy/report.ts';
import { measure } from './proxy/rounds.ts';
import { othersShareOf, summarise } from './proxy/summary.ts';
import type { Name } from './proxy/targets.ts';
import { describeMachine, installPeers, requireTools, versionOf } from './proxy/tools.ts';
import { commandOf, runBench } from './run.ts';

const say = (words: string) => console.error(words);

async function bench(options: Options, signal: AbortSignal): Promise<Result> {
  if (options.isInstalled) await installPeers();
  requireTools(options.targets);
  const versions = new Map<Name, string>();
  for (const name of options.targets) versions.set(name, await versionOf(name));
  const machine = await describeMachine();
  const { rounds, counted } = await measure(options, signal, say);
  return {
    date: new Date().toISOString().slice(0, 10),
    command: commandOf('proxy'),
    machine,
    repeats: options.repeats,
    seconds: options.seconds,
    rows: summarise(rounds, versions),
    othersShare: othersShareOf(rounds),
    counted,
  };
}

await runBench('proxy', USAGE, readOptions, async (options, signal) => {
  const result = await bench(options, signal);
  if (options.isWritten) await writeReadme(result);
  if (options.isJson) console.log(JSON.stringify(result, null, 2));
  else console.log(['', tableOf(result.rows), '', ...findings(result)].join('\n'));
});
