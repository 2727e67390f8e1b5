// The result in words: tables for people, what they say against the goals, and their place in bench/README.md.
import { machineText } from '../machine.ts';
import { median } from '../median.ts';
import type { BuildMachine } from '../proxy/tools.ts';
import { writePart } from '../readme.ts';
import type { Exactness } from './exact.ts';
import type { Options } from './options.ts';
import { RAMP, RATES, type Round, type Sample, type Steady } from './speed.ts';
import type { Name, Running } from './targets.ts';

export type Result = {
  readonly date: string;
  readonly command: string;
  readonly machine: BuildMachine;
  readonly threads: number;
  readonly options: Options;
  readonly targets: readonly Pick<Running, 'name' | 'version'>[];
  readonly left: readonly { readonly name: Name; readonly why: string }[];
  readonly rounds: readonly Round[];
  readonly steady: readonly Steady[];
  readonly exactness: readonly Exactness[];
};

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

const of = (rounds: readonly Round[], name: string, field: (sample: Sample) => number | null) =>
  median(rounds.flatMap((round) => round.get(name) ?? []).flatMap((sample) => field(sample) ?? []));

/** Median of the ratios within a round; null when one of them was not measured. */
function ratio(
  rounds: readonly Round[],
  name: string,
  base: string,
  field: (sample: Sample) => number | null,
): number | null {
  const ratios = rounds.flatMap((round) => {
    const [above, below] = [round.get(name), round.get(base)].map((sample) => sample && field(sample));
    return above && below ? [above / below] : [];
  });
  return ratios.length === 0 ? null : median(ratios);
}

const perSecond = (sample: Sample) => sample.perSecond;
const cpuUs = (sample: Sample) => sample.cpuUs;
const words = (value: number | null, digits: number) =>
  value === null || Number.isNaN(value) ? '' : value.toFixed(digits);

function speedTable({ rounds, targets }: Result): string {
  const names = [...new Set(rounds.flatMap((round) => [...round.keys()]))];
  const versionOf = (name: string) => targets.find((one) => one.name === name)?.version ?? '';
  const sum = (name: string, field: (sample: Sample) => number) =>
    rounds.flatMap((round) => round.get(name) ?? []).reduce((total, sample) => total + field(sample), 0);
  const rows = names
    .map((name) => ({ name, speed: of(rounds, name, perSecond) }))
    .sort((one, other) => other.speed - one.speed)
    .map(({ name, speed }) => [
      `${name} ${versionOf(name)}`.trim(),
      speed.toFixed(0),
      words(ratio(rounds, name, 'haproxy', perSecond), 2),
      words(of(rounds, name, cpuUs), 1),
      words(ratio(rounds, name, 'haproxy', cpuUs), 2),
      words(of(rounds, name, ({ p50Us }) => p50Us) / 1000, 2),
      words(of(rounds, name, ({ p99Us }) => p99Us) / 1000, 2),
      String(sum(name, ({ errors, refused }) => errors + refused)),
    ]);
  const head = ['target', 'requests/s', '× haproxy', 'CPU µs/request', '× haproxy', 'p50 ms', 'p99 ms', 'failed'];
  return tableOf(head, rows);
}

function steadyTable({ steady }: Result): string {
  const names = [...new Set(steady.map(({ name }) => name))];
  const at = (rate: number, name: Name, field: (sample: Sample) => number | null) =>
    median(steady.filter((one) => one.rate === rate && one.name === name).flatMap(({ sample }) => field(sample) ?? []));
  const rows = RATES.map((rate) => [
    String(rate),
    ...names.flatMap((name) => [
      words(at(rate, name, cpuUs), 1),
      words(at(rate, name, ({ p99Us }) => p99Us) / 1000, 2),
    ]),
  ]);
  return tableOf(['requests/s', ...names.flatMap((name) => [`${name}: CPU µs/request`, 'p99 ms'])], rows);
}

function exactnessTable({ exactness }: Result): string {
  const row = (title: string, cell: (one: Exactness) => string) => [title, ...exactness.map(cell)];
  const shares = exactness[0]?.shares ?? [];
  return tableOf(
    ['', ...exactness.map(({ name }) => name)],
    [
      ...shares.map(({ weight, requests }, at) =>
        row(
          `weight ${weight} %, measured over ${requests} requests`,
          (one) => `${words(one.shares[at]?.measured ?? null, 2)} %`,
        ),
      ),
      row(
        'answered by the instances / counted, services coming and going',
        ({ instances, sums }) => `${instances} / ${countedOf(sums)}`,
      ),
      row('changes of services meanwhile', ({ reloads }) => String(reloads)),
      row('counts can be read after their second, ms: median / longest', ({ ageMs }) => list(ageMs)),
      row('change of a weight confirmed, ms: median / p99', ({ confirmedMs }) => list(confirmedMs)),
      row('from the verdict to the last request of the candidate, ms: median / p99 / longest', ({ takenBackMs }) =>
        list(takenBackMs),
      ),
    ],
  );
}

const countedOf = ({ stable, candidate, outside }: Exactness['sums']) => stable + candidate + outside;
const list = (values: readonly number[]) => values.map((one) => one.toFixed(1)).join(' / ');

/** The goals, one sentence each; those whose targets were not measured are left out. */
export function goals({ rounds, exactness }: Result): string[] {
  const found: string[] = [];
  const say = (what: string, value: number | null, digits: number, goal: number, isAtLeast: boolean) => {
    if (value === null || Number.isNaN(value)) return;
    const isReached = isAtLeast ? value >= goal : value <= goal;
    const bound = `${isAtLeast ? 'at least' : 'at most'} ${goal}`;
    found.push(`${what}: ${value.toFixed(digits)}; ${bound} is ${isReached ? 'reached' : 'missed'}.`);
  };
  const ours = 'friday-haproxy';
  say(
    'Our HAProxy, counting, to the same rules without counting, requests/s',
    ratio(rounds, ours, 'rules', perSecond),
    3,
    0.95,
    true,
  );
  say(
    'Our HAProxy to bare HAProxy with the same threads, requests/s',
    ratio(rounds, ours, 'haproxy', perSecond),
    2,
    0.8,
    true,
  );
  say('Our HAProxy to nginx, CPU time per request', ratio(rounds, ours, 'nginx', cpuUs), 2, 1.1, false);
  say('Our HAProxy to Caddy, requests/s', ratio(rounds, ours, 'caddy', perSecond), 2, 2, true);
  say('Our HAProxy to Caddy, CPU time per request', ratio(rounds, ours, 'caddy', cpuUs), 2, 0.5, false);
  say(
    'Our HAProxy while weights change, to itself at rest, requests/s',
    ratio(rounds, ours + RAMP, ours, perSecond),
    2,
    0.95,
    true,
  );
  say('Embedded to http-proxy, requests/s', ratio(rounds, 'embedded', 'http-proxy', perSecond), 2, 2.2, true);
  for (const { name, shares, instances, sums, ageMs, confirmedMs, takenBackMs } of exactness) {
    const off = Math.max(...shares.map(({ weight, measured }) => Math.abs(measured - weight)));
    say(`${name}: weights are off by, in points`, off, 2, 0.3, false);
    say(
      `${name}: requests counted more or less than the instances did`,
      Math.abs(countedOf(sums) - instances),
      0,
      0,
      false,
    );
    say(`${name}: counts are old, in ms`, ageMs[1], 0, 300, false);
    say(`${name}: a change is confirmed, median in ms`, confirmedMs[0], 1, 10, false);
    say(`${name}: from the verdict to no candidate traffic, p99 in ms`, takenBackMs[1], 0, 250, false);
  }
  return found;
}

export function reportOf(result: Result): string {
  const { date, command, machine, threads, options, left, rounds } = result;
  const others = median(rounds.flatMap((round) => [...round.values()].map(({ othersShare }) => othersShare)));
  return [
    `${date}, \`${command}\`: ${options.rounds} rounds of ${options.seconds} s for each target, ${threads} threads where they can be chosen.
${machineText(machine)}, upstream built by ${machine.compiler}.`,
    speedTable(result),
    'At a constant rate, the keeper of HAProxy included:',
    steadyTable(result),
    'Right and soon:',
    exactnessTable(result),
    [
      ...goals(result),
      `Other work took ${Math.round(others * 100)} % of the machine during the measurements.`,
      ...left.map(({ name, why }) => `${name} was left out: ${why}.`),
    ]
      .map((one) => `- ${one}`)
      .join('\n'),
  ].join('\n\n');
}

/** Replaces the part of this bench in bench/README.md. */
export function writeReadme(result: Result): Promise<void> {
  return writePart('dataplane', reportOf(result));
}
