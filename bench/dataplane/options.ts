// The command line of bench:dataplane.
import { parseArgs } from 'node:util';
import { namesIn, wholeNumber } from '../arguments.ts';
import { ALL, type Name } from './targets.ts';

export type Options = {
  readonly targets: readonly Name[];
  /** How often everything is measured. */
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** Requests behind each measured weight. */
  readonly drawn: number;
  /** How often a candidate is taken back. */
  readonly takes: number;
  readonly isJson: boolean;
  readonly isPatient: boolean;
  readonly isWritten: boolean;
  readonly isInstalled: boolean;
};

export const USAGE = `usage: npm run bench:dataplane -- [options]

Measures both balancers beside bare HAProxy, nginx, Caddy and npm proxies: requests per second and CPU time per request, the same
while weights change, what counting costs at a constant rate, and whether weights and counts are right. Takes about 10 minutes.

  npm run bench:dataplane -- --quick
  npm run bench:dataplane -- --targets haproxy,friday-haproxy,rules,nginx --rounds 9

  --quick        short rounds and fewer requests, about 2 minutes
  --rounds N     1 to 50
  --seconds N    length of one measurement, 1 to 60
  --targets A,B  of: ${ALL.join(', ')}
  --patient      waits for moments when nothing else works on this machine, 30 minutes in all
  --install      installs the npm proxies first (npm ci --prefix bench)
  --write        puts the tables into bench/README.md
  --json         prints the result as JSON
  -h, --help     prints this
`;

const NORMAL = { rounds: 5, seconds: 3, drawn: 200_000, takes: 100 };
const QUICK = { rounds: 2, seconds: 1, drawn: 20_000, takes: 20 };

/** Null when help is wanted. Throws a TypeError with what is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
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
    ...usual,
    targets: values.targets === undefined ? ALL : namesIn('--targets', values.targets, ALL),
    rounds: values.rounds === undefined ? usual.rounds : wholeNumber('--rounds', values.rounds, 50),
    seconds: values.seconds === undefined ? usual.seconds : wholeNumber('--seconds', values.seconds, 60),
    isJson: values.json,
    isPatient: values.patient,
    isWritten: values.write,
    isInstalled: values.install,
  };
}
