// The bench's command line.
import { parseArgs } from 'node:util';
import { namesIn, wholeNumber } from '../arguments.ts';
import { ALL, type Name } from './targets.ts';

export type Options = {
  readonly targets: readonly Name[];
  readonly repeats: number;
  readonly seconds: number;
  readonly isJson: boolean;
  readonly isPatient: boolean;
  readonly isWritten: boolean;
  readonly isInstalled: boolean;
};

export const USAGE = `usage: npm run bench:proxy -- [options]

Compares the embedded proxy, observation on, with other proxies: requests per second, latency, CPU time per request.
Every round measures all of them in a new order; ratios are medians of the ratios within a round. Takes about 4 minutes.

  npm run bench:proxy -- --quick
  npm run bench:proxy -- --targets embedded,http-proxy --repeats 9

  --quick        3 short rounds instead of 5 longer ones, about 40 s
  --repeats N    rounds, 1 to 50
  --seconds N    length of one measurement, 1 to 60
  --targets A,B  of: ${ALL.join(', ')}
  --patient      waits for moments when nothing else works on this machine, 30 minutes in all
  --install      installs the peers first (npm ci --prefix bench)
  --write        puts the table into bench/README.md
  --json         prints the result as JSON
  -h, --help     prints this
`;

const NORMAL = { repeats: 5, seconds: 5 };
const QUICK = { repeats: 3, seconds: 1 };

/** Null when help is wanted. Throws a TypeError with what is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      seconds: { type: 'string' },
      targets: { type: 'string' },
      patient: { type: 'boolean', default: false },
      install: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const usual = values.quick ? QUICK : NORMAL;
  return {
    targets: values.targets === undefined ? ALL : namesIn('--targets', values.targets, ALL),
    repeats: values.repeats === undefined ? usual.repeats : wholeNumber('--repeats', values.repeats, 50),
    seconds: values.seconds === undefined ? usual.seconds : wholeNumber('--seconds', values.seconds, 60),
    isJson: values.json,
    isPatient: values.patient,
    isWritten: values.write,
    isInstalled: values.install,
  };
}
