// The result in words: tables in Markdown, and their place in bench/README.md.
import { writePart } from '../readme.ts';
import { goalsOf, type Measured } from './goals.ts';
import type { Row } from './tables.ts';

export type Result = Measured & {
  readonly date: string;
  readonly command: string;
  readonly seed: number;
  readonly seconds: number;
};

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...body];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** A row for each scenario, a column for each policy (or rate): rolled back % / promoted % / median s / median bad requests. */
function crossTable(rows: readonly Row[], column: (row: Row) => string): string {
  const columns = [...new Set(rows.map(column))];
  const scenarios = [...new Set(rows.map((row) => row.scenario))];
  const body = scenarios.map((scenario) => [
    scenario,
    ...columns.map((name) => cell(rows.find((row) => row.scenario === scenario && column(row) === name))),
  ]);
  return table(['candidate', ...columns], body);
}

function cell(row: Row | undefined): string {
  if (!row) return '';
  const percent = (value: number) => String(Number(value.toFixed(1)));
  return `${percent(row.rolledBack)} / ${percent(row.promoted)} / ${row.medianSeconds} / ${row.medianBad}`;
}

function rateText({ rps }: Row): string {
  return rps < 0.1 ? `${Math.round(rps * 60)}/min` : `${rps}/s`;
}

const counts = (rows: readonly Row[]) =>
  [...new Set(rows.map((row) => row.releases))].sort((a, b) => b - a).join(' or ');

export function sectionOf(result: Result): string {
  const { whole, rates, weakSpot, sticky, costs, crowd } = result;
  const cell = 'Cells: rolled back % / promoted % / median seconds to the verdict / median bad requests until then.';
  return [
    `${result.date}, \`${result.command}\`, seeds from ${result.seed} on, ${Math.round(result.seconds)} s.`,
    `#### Whole releases at 50 requests a second, ${counts(whole)} of each\n\n${cell}`,
    crossTable(whole, (row) => row.policy),
    `#### fridaymorning at other rates, ${counts(rates)} of each\n\nWhat is neither rolled back nor promoted after 30 minutes is held for a person.`,
    crossTable(rates, rateText),
    `#### The weak spot: errors double from 0.1% to 0.2%, 50 requests a second, ${counts(weakSpot)} of each`,
    crossTable(weakSpot, (row) => row.policy),
    `#### Sticky clients, 50 requests a second, 10 minutes, ${sticky[0]?.releases ?? 0} of each`,
    table(
      ['candidate', 'rolled back %', 'median seconds'],
      sticky.map(({ scenario, rolledBack, medianSeconds }) => [
        scenario,
        String(Number(rolledBack.toFixed(1))),
        rolledBack === 0 ? '' : String(medianSeconds),
      ]),
    ),
    '#### What a turn costs',
    table(
      ['requests/s', 'weight', 'judge and ramp µs', 'reading the counts µs', 'saved state kB'],
      costs.map(({ rps, weight, turnUs, parseUs, stateBytes }) => [
        String(rps),
        `${weight}%`,
        turnUs.toFixed(0),
        parseUs.toFixed(0),
        (stateBytes / 1000).toFixed(1),
      ]),
    ),
    `${crowd.releases} releases at ${crowd.rps} requests a second each take ${crowd.percentOfCore.toFixed(2)}% of a core.`,
    '#### Goals',
    table(
      ['goal', 'measured', 'reached'],
      goalsOf(result).map(({ goal, measured, isReached }) => [goal, measured, isReached ? 'yes' : 'no']),
    ),
  ].join('\n\n');
}

/** Replaces the part of this bench in bench/README.md. */
export function writeReadme(result: Result): Promise<void> {
  return writePart('judge', sectionOf(result));
}
