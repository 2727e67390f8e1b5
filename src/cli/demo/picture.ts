// The demo's screens: pure functions of what is to be shown.
import type { ReleaseView, ServiceView } from '../../api/views.ts';
import { count, rate, share } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cut, ends, wrap } from '../output/text.ts';
import { frame } from '../screens/frame.ts';
import { SERVICE_MARKS } from '../screens/states.ts';
import type { Users } from './folder.ts';
import type { Stage } from './stage.ts';
import type { StoryResult } from './stories.ts';

export type DemoPicture = {
  readonly service: ServiceView;
  readonly release: ReleaseView | null;
  readonly users: Users;
  readonly rate: number;
  readonly note: string;
  readonly now: number;
};

const KEYS: readonly (readonly [string, string, string, string])[] = [
  ['g', 'release a good version', 'k', 'kill an instance'],
  ['b', 'release a broken version', 'x', 'ten times the traffic'],
  ['s', 'release a slow version', 'q', 'quit and clean up'],
];

/** What was started, and how long that took. */
export function openingLines(
  stage: Pick<Stage, 'url' | 'instances'>,
  seconds: number,
  ratePerSecond: number,
  paint: Paint,
): string[] {
  const line = (text: string, right: string) => `  ${paint.good('✓')} ${text.padEnd(46)} ${right}`;
  return [
    line(`calculator v1: ${stage.instances} instances behind a proxy`, stage.url),
    line(`pretend users, ${ratePerSecond} requests a second`, `${seconds.toFixed(1)}s`),
    '',
    '  Nothing was installed. Everything stops when you quit.',
  ];
}

/** Lines of at most `width` columns. */
export function demoPicture(
  picture: DemoPicture,
  options: { readonly width: number; readonly color: boolean },
): string[] {
  const { service, release, users, note, now } = picture;
  const paint = paintOf(options.color);
  const width = Math.min(options.width, 100) - 2;
  const mark = SERVICE_MARKS[service.state];
  const version = service.version === null ? '' : `v${service.version}`;
  const state = `  ${paint[mark.tone](mark.glyph)} ${service.name} ${version}   ${service.ready} of ${service.wanted} ready   ${rate(service.traffic?.requestsPerSecond ?? null)} req/s   errors ${share(service.traffic?.errorShare ?? null)}`;
  const seen = `  users: ${count(users.requests)} requests, ${count(users.failed)} saw an error, ${count(users.dropped)} dropped`;
  return [
    '',
    ...KEYS.map(
      ([one, does, other, doesToo]) => `  ${paint.strong(one)}  ${does.padEnd(27)}${paint.strong(other)}  ${doesToo}`,
    ),
    '',
    cut(state, width),
    cut(seen, width),
    ...(note === '' ? [] : ['', ...wrap(note, width - 2).map((line) => `  ${line}`)]),
    ...(release === null ? [] : frame(release, { width: options.width, color: options.color, now, isStaged: true })),
  ];
}

/** How a story ended, for a person. */
export function endedLines(result: StoryResult, paint: Paint, width: number): string[] {
  const glyph = result.asExpected ? paint.good('✓') : paint.bad('✕');
  const detail =
    result.story === 'kill'
      ? `${count(result.requests)} requests of users, ${result.failed} failed.`
      : `${count(result.candidateRequests)} requests reached the new version, ${count(result.candidateFailures)} of them failed; ${count(result.dropped)} of ${count(result.requests)} were dropped.`;
  const title = ends(
    `  ${glyph} ${result.story}: ${result.state.replaceAll('_', ' ')}`,
    `${result.seconds.toFixed(1)}s`,
    width,
  );
  return [
    '',
    title ?? `  ${glyph} ${result.story}: ${result.state}`,
    ...wrap(result.sentence, width - 6).map((line) => `    ${line}`),
    `    ${detail}`,
    '',
    '    That was friday. Your turn:  friday init',
  ];
}
