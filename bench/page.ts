// `npm run bench:page`: how soon the page has its first number, what people who watch cost the control plane, and whether its memory grows with them.
import { parseArgs } from 'node:util';
import { wholeNumber } from './arguments.ts';
import { machineText, thisMachine } from './machine.ts';
import { measureFirstData } from './page/first-data.ts';
import { measureMemory } from './page/memory.ts';
import { type Result, reportOf } from './page/report.ts';
import { launchBrowser, openScene } from './page/scene.ts';
import { measureWatchers } from './page/watchers.ts';
import { watchOthers } from './proxy/others.ts';
import { writePart } from './readme.ts';
import { commandOf, runBench } from './run.ts';

const USAGE = `usage: npm run bench:page -- [options]

The calculator under 40 requests a second with a release that waits, watched by Chromium (/usr/bin/chromium, or CHROMIUM) and by programs.
Takes about 14 minutes.

  --loads N     how often the page is opened, 1 to 100; 15 unless told otherwise
  --rounds N    pairs of 10 s with and without watchers, 1 to 50; 6 unless told otherwise
  --minutes N   how long the tabs stay open, 1 to 60; 10 unless told otherwise
  --write       puts the figures into bench/README.md
  -h, --help    prints this
`;

type Options = {
  readonly loads: number;
  readonly rounds: number;
  readonly minutes: number;
  readonly isWritten: boolean;
};

/** Null when help is wanted. Throws a TypeError with what is wrong. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      loads: { type: 'string', default: '15' },
      rounds: { type: 'string', default: '6' },
      minutes: { type: 'string', default: '10' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    loads: wholeNumber('--loads', values.loads, 100),
    rounds: wholeNumber('--rounds', values.rounds, 50),
    minutes: wholeNumber('--minutes', values.minutes, 60),
    isWritten: values.write,
  };
}

async function bench({ loads, rounds, minutes }: Options): Promise<Result> {
  await using cleanup = new AsyncDisposableStack();
  const browser = await launchBrowser(cleanup);
  const scene = await openScene(cleanup);
  const othersSince = watchOthers();
  console.error('opening the page');
  const firstData = await measureFirstData(browser, scene, loads);
  console.error('watching with programs');
  const watchers = await measureWatchers(scene, rounds);
  console.error('watching with tabs');
  const memory = await measureMemory(browser, scene, await openScene(cleanup), minutes);
  return {
    command: commandOf('page'),
    date: new Date().toISOString().slice(0, 10),
    machine: machineText(thisMachine()),
    firstData,
    watchers,
    memory,
    othersShare: othersSince(),
  };
}

await runBench('page', USAGE, readOptions, async (options) => {
  const report = reportOf(await bench(options));
  console.log(report);
  if (options.isWritten) await writePart('page', report);
});
