// A recording as if its project had hundreds of services, with names as long as they may be: what a big project is to the page.
import type { RangeView } from '../../src/api/live-views.ts';
import type { ServiceView, StatusView } from '../../src/api/views.ts';
import type { Recording } from './format.ts';

/** As long as a name of a service can be in DNS. */
export const LONGEST_NAME = 63;

/** The n-th service that is added, from 0: every tenth has the longest name there is, some are ill, the numbers of all move. */
export function nameOf(n: number): string {
  const name = `service-${String(n).padStart(3, '0')}`;
  return n % 10 === 3 ? `${name}-${'x'.repeat(LONGEST_NAME)}`.slice(0, LONGEST_NAME) : name;
}

/** With `count` services more than there are. */
export function withMany(recording: Recording, count: number): Recording {
  const frames = recording.frames.map(({ at, frame, ...rest }) =>
    frame.type === 'status'
      ? { ...rest, at, frame: { ...frame, status: grown(frame.status, recording.about.service, count, at) } }
      : { ...rest, at, frame },
  );
  const { ranges } = recording.answers;
  const service = grownRange(ranges.service, recording.about.service, count);
  return { ...recording, frames, answers: { ...recording.answers, ranges: { ...ranges, service } } };
}

function grown(status: StatusView, model: string, count: number, at: number): StatusView {
  const like = status.services.find((one) => one.name === model);
  if (!like) return status;
  return { ...status, services: [...status.services, ...Array.from({ length: count }, (_, n) => madeOf(like, n, at))] };
}

function madeOf(like: ServiceView, n: number, at: number): ServiceView {
  const name = nameOf(n);
  const state = n % 50 === 7 ? 'degraded' : 'healthy';
  // Four of five have users, whose number is another in every frame.
  const traffic =
    n % 5 === 0 ? null : like.traffic && { ...like.traffic, requestsPerSecond: n + ((at / 1000 + n) % 7) / 10 };
  const instances = like.instances.map((one, i) => ({ ...one, id: `${name}-v1-${i + 1}`, service: name }));
  return {
    ...like,
    name,
    state,
    sentence: state === 'healthy' ? `${name} is well.` : `${name} has 1 of 2 instances.`,
    candidate: null,
    release: null,
    watch: null,
    traffic,
    instances,
  };
}

function grownRange(range: RangeView, model: string, count: number): RangeView {
  const own = range.series.filter((one) => one.service === model);
  const more = Array.from({ length: count }, (_, n) => own.map((one) => ({ ...one, service: nameOf(n) }))).flat();
  return { ...range, series: [...range.series, ...more] };
}

/** The same with another name for the released service, wherever it stands. */
export function renamed(recording: Recording, name: string): Recording {
  const pattern = new RegExp(`\\b${recording.about.service}\\b`, 'g');
  return JSON.parse(JSON.stringify(recording).replaceAll(pattern, name)) as Recording;
}

/** As if everybody wrote half a page without a blank: reasons, sentences, paths, log lines, names of people and problems. */
export function withLongWords(recording: Recording): Recording {
  const word = 'w'.repeat(300);
  const longer: Readonly<Record<string, string>> = {
    reason: `Because ${word} and <b>so</b> on.`,
    sentence: ` ${'/a/very/long/path'.repeat(12)} said "no such table: users". `,
    line: 'z'.repeat(180),
    path: '/p'.repeat(90),
    by: '.of.a.long.name@some-company.example',
  };
  return JSON.parse(JSON.stringify(recording), (key, value: unknown) => {
    if (key === 'problems') return [`The disk is full: /var/lib/${word}`];
    const more = longer[key];
    return more !== undefined && typeof value === 'string' ? `${value}${more}` : value;
  }) as Recording;
}
