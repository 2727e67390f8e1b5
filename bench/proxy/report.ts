// The result in words: a table for people, what it says about the embedded proxy, and its place in bench/README.md.
import { machineText } from '../machine.ts';
import { writePart } from '../readme.ts';
import type { Outcome } from './rounds.ts';
import type { Row } from './summary.ts';
import type { BuildMachine } from './tools.ts';

export type Result = {
  readonly date: string;
  readonly command: string;
  readonly machine: BuildMachine;
  readonly repeats: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly othersShare: number;
  readonly counted: Outcome['counted'];
};

/** Of the embedded proxy, in requests per second. */
const GOALS = { toHttpProxy: 2.2, toHaproxy: 0.65 };
/** Below this, the upstream or wrk may be what limits a proxy. */
const ROOM = 2;

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['target', ({ target, version }) => `${target} ${version}`.trim()],
  ['requests/s', ({ requestsPerSecond }) => String(requestsPerSecond)],
  ['× http-proxy', ({ toHttpProxy }) => toHttpProxy?.toFixed(2) ?? ''],
  ['× HAProxy', ({ toHaproxy }) => toHaproxy?.toFixed(2) ?? ''],
  ['CPU µs/request', ({ cpuUsPerRequest }) => cpuUsPerRequest?.toFixed(1) ?? ''],
  ['p50 ms', ({ p50Us }) => (p50Us / 1000).toFixed(2)],
  ['p99 ms', ({ p99Us }) => (p99Us / 1000).toFixed(2)],
  ['errors', ({ errors }) => String(errors)],
  ['non-2xx', ({ non2xx }) => String(non2xx)],
];

/** A table that is aligned in a terminal and a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const padded = lines.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))),
  );
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head = [], ...body] = padded;
  return [head, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function goalOf(peer: string, ratio: number | null, goal: number): string[] {
  if (ratio === null) return [];
  const words = ratio >= goal ? 'reached' : 'missed';
  return [`Embedded has ${ratio.toFixed(2)} times the requests/s of ${peer}; the goal of ${goal} is ${words}.`];
}

/** What the rows say about the embedded proxy, one sentence a line. */
export function findings({ rows, counted, othersShare }: Result): string[] {
  const found: string[] = [];
  const embedded = rows.find(({ target }) => target === 'embedded');
  const peers = rows.filter(({ target }) => !['direct', 'haproxy', 'embedded'].includes(target));
  if (embedded) {
    found.push(...goalOf('http-proxy', embedded.toHttpProxy, GOALS.toHttpProxy));
    found.push(...goalOf('one thread of HAProxy', embedded.toHaproxy, GOALS.toHaproxy));
  }
  if (embedded && peers.length > 0) {
    const slower = peers.filter((peer) => peer.requestsPerSecond < embedded.requestsPerSecond).length;
    const later = peers.filter((peer) => peer.p99Us > embedded.p99Us).length;
    found.push(`Of ${peers.length} npm proxies, ${slower} have fewer requests/s and ${later} a longer p99.`);
  }
  if (counted) {
    const { requests, sent, candidateShare, failures } = counted;
    const share = `${(candidateShare * 100).toFixed(2)} % to the candidate`;
    found.push(`Embedded counted ${requests} requests, ${share}, ${failures} failed; wrk saw ${sent} answered.`);
  }
  found.push(`Other work took ${Math.round(othersShare * 100)} % of the machine during the measurements.`);
  const direct = rows.find(({ target }) => target === 'direct');
  const [fastest] = rows.filter(({ target }) => target !== 'direct');
  if (direct && fastest && direct.requestsPerSecond < ROOM * fastest.requestsPerSecond) {
    const times = (direct.requestsPerSecond / fastest.requestsPerSecond).toFixed(1);
    found.push(
      `Direct has only ${times} times the requests/s of ${fastest.target}, which wrk or the machine may have limited.`,
    );
  }
  return found;
}

/** Replaces the part of this bench in bench/README.md. */
export function writeReadme(result: Result): Promise<void> {
  return writePart('proxy', sectionOf(result));
}

function sectionOf(result: Result): string {
  const { date, command, machine, repeats, seconds, rows } = result;
  const how = `${date}, \`${command}\`: ${repeats} rounds of ${seconds} s for each target.`;
  const where = `${machineText(machine)}, upstream built by ${machine.compiler}.`;
  return [
    `${how}\n${where}`,
    tableOf(rows),
    findings(result)
      .map((one) => `- ${one}`)
      .join('\n'),
  ].join('\n\n');
}
