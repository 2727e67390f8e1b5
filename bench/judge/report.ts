// The result in words: tables in Markdown, and their place in bench/README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cost } from './cost.ts';
import type { RouteRow } from './routes.ts';
import type { Row } from './tables.ts';

export type Result = {
  readonly date: string;
  readonly command: string;
  readonly seed: number;
  readonly seconds: number;
  readonly whole: readonly Row[];
  readonly rates: readonly Row[];
  readonly weakSpot: readonly Row[];
  readonly routes: readonly RouteRow[];
  readonly costs: readonly Cost[];
};

const README = join(import.meta.dirname, '..', 'README.md');
const OPEN = '<!-- bench:judge, written by npm run bench:judge -- --write -->';
const CLOSE = '<!-- /bench:judge -->';

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
  const { whole, rates, weakSpot, costs } = result;
  const cell = 'Cells: rolled back % / promoted % / median seconds to the verdict / median bad requests until then.';
  return [
    `${result.date}, \`${result.command}\`, seeds from ${result.seed} on, ${Math.round(result.seconds)} s.`,
    `#### Whole releases at 50 requests a second, ${counts(whole)} of each\n\n${cell}`,
    crossTable(whole, (row) => row.policy),
    `#### fridaymorning at other rates, ${counts(rates)} of each\n\nWhat is neither rolled back nor promoted after 30 minutes is held for a person.`,
    crossTable(rates, rateText),
    `#### The weak spot: errors double from 0.1% to 0.2%, 50 requests a second, one hour, ${counts(weakSpot)} of each`,
    crossTable(weakSpot, (row) => row.policy),
    `#### An idea that is not built: 15% of alpha on the 20 busiest routes, ${result.routes[0]?.releases ?? 0} of each\n\nThe same doubling, errors only, one hour at a fixed weight.`,
    routeTable(result.routes),
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
  ].join('\n\n');
}

function routeTable(rows: readonly RouteRow[]): string {
  const head = [
    'new failures',
    'weight',
    'found %',
    'extra failures',
    'found % with routes',
    'extra failures with routes',
  ];
  return table(
    head,
    rows.map(({ where, weight, found, extra, foundWithRoutes, extraWithRoutes }) => [
      where,
      `${weight}%`,
      ...[found, extra, foundWithRoutes, extraWithRoutes].map((value) => String(Number(value.toFixed(1)))),
    ]),
  );
}

/** Replaces the marked part of bench/README.md. */
export async function writeReadme(result: Result): Promise<void> {
  const text = await readFile(README, 'utf8');
  const [from, to] = [text.indexOf(OPEN), text.indexOf(CLOSE)];
  if (from < 0 || to < from) throw new Error(`${README} has no part between "${OPEN}" and "${CLOSE}".`);
  await writeFile(README, `${text.slice(0, from + OPEN.length)}\n\n${sectionOf(result)}\n\n${text.slice(to)}`);
}
