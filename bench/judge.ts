// `npm run bench:judge`: whole releases of good and bad candidates in simulated traffic, under our rule and the peers'.
import { parseArgs } from 'node:util';
import { costs, crowdOf } from './judge/cost.ts';
import { type Result, sectionOf, writeReadme } from './judge/report.ts';
import { stickyRows } from './judge/sticky.ts';
import { NORMAL, otherRates, QUICK, type Row, weakSpot, wholeReleases } from './judge/tables.ts';
import { commandOf, runBench } from './run.ts';

const USAGE = `usage: npm run bench:judge -- [options]

Runs whole releases of good and bad candidates in simulated traffic: fridaymorning beside the rules of Flagger, Argo
Rollouts and Kayenta and the repeated test. One process; the same seed gives the same tables. Takes about 10 minutes.

  --quick     few releases and only the fast peers, under a minute
  --seed N    first seed, a whole number; 20260808 unless told otherwise
  --write     puts the tables into bench/README.md
  --json      prints the result as JSON
  -h, --help  prints this
`;

type Options = {
  readonly isQuick: boolean;
  readonly seed: number;
  readonly isWritten: boolean;
  readonly isJson: boolean;
};

/** Null when help is wanted. Throws a TypeError with what is wrong. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      seed: { type: 'string', default: '20260808' },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`--seed must be a whole number, got "${values.seed}"`);
  return { isQuick: values.quick, seed, isWritten: values.write, isJson: values.json };
}

function bench({ isQuick, seed }: Options): Result {
  const began = performance.now();
  const size = isQuick ? QUICK : NORMAL;
  const all = (rows: Iterable<Row>): Row[] => {
    const done: Row[] = [];
    for (const row of rows) {
      done.push(row);
      console.error(
        `${row.policy}, ${row.scenario}, ${Number(row.rps.toFixed(2))}/s: ${row.rolledBack.toFixed(1)}% rolled back`,
      );
    }
    return done;
  };
  const [whole, rates, weak] = [wholeReleases(size, seed), otherRates(size, seed), weakSpot(size, seed)].map(all);
  return {
    date: new Date().toISOString().slice(0, 10),
    command: commandOf('judge'),
    seed,
    whole: whole ?? [],
    rates: rates ?? [],
    weakSpot: weak ?? [],
    sticky: stickyRows(size.sticky, seed),
    costs: costs(seed, isQuick ? 3 : 10),
    crowd: crowdOf(seed),
    seconds: (performance.now() - began) / 1000,
  };
}

await runBench('judge', USAGE, readOptions, async (options) => {
  const result = bench(options);
  if (options.isWritten) await writeReadme(result);
  console.log(options.isJson ? JSON.stringify(result, null, 2) : sectionOf(result));
});
