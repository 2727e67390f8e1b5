// What a recording is: JSON lines, packed, of what the API of a real control plane said while a release went on. Read strictly, so that none goes stale unseen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from '@hono/zod-openapi';
import { CourseView, LiveFrame, RangeView } from '../../src/api/live-views.ts';
import { RecentTrafficView } from '../../src/api/plan-views.ts';
import { EventView, ReleaseView, VersionView } from '../../src/api/views.ts';
import { scrubbed } from './scrub.ts';

export const NAMES = ['good', 'broken', 'slow', 'waiting', 'lost'] as const;
export type Name = (typeof NAMES)[number];

/** Bytes that a packed recording may have. */
export const MOST_BYTES = 60_000;

const About = z.strictObject({
  kind: z.literal('about'),
  format: z.literal('fridaymorning recording 1'),
  name: z.enum(NAMES),
  service: z.string(),
  release: z.number().int(),
  from: z.number().describe('When it began, milliseconds since 1970'),
  to: z.number().describe('When it ended, milliseconds since 1970'),
});

/** What the routes said at the end, or just before the control plane was lost. */
const Answers = z.strictObject({
  kind: z.literal('answers'),
  releases: z.array(ReleaseView),
  course: CourseView,
  events: z.array(EventView),
  versions: z.array(VersionView).describe('Of the released service'),
  traffic: RecentTrafficView.describe('Of the released service'),
  ranges: z.strictObject({ service: RangeView, version: RangeView, instance: RangeView }),
});

/** A frame and when it came, milliseconds since the beginning. */
const Framed = z.strictObject({ kind: z.literal('frame'), at: z.number(), frame: LiveFrame });
/** The control plane was killed here. */
const Lost = z.strictObject({ kind: z.literal('lost'), at: z.number() });

const Line = z.discriminatedUnion('kind', [About, Answers, Framed, Lost]);

export type About = z.infer<typeof About>;
export type Answers = z.infer<typeof Answers>;
export type Framed = z.infer<typeof Framed>;
export type Recording = {
  readonly about: About;
  readonly answers: Answers;
  readonly frames: readonly Framed[];
  /** Milliseconds since the beginning; null = it was there to the end. */
  readonly lostAt: number | null;
};

export function fileOf(name: Name): string {
  return join(import.meta.dirname, `${name}.jsonl.gz`);
}

/** Throws a sentence when the API has changed since it was made. */
export function readRecording(name: Name): Recording {
  return parseRecording(name, gunzipSync(readFileSync(fileOf(name))).toString('utf8'));
}

export function parseRecording(name: Name, text: string): Recording {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => lineOf(name, line, index));
  const only = <K extends z.infer<typeof Line>['kind']>(kind: K) =>
    lines.filter((line): line is Extract<z.infer<typeof Line>, { kind: K }> => line.kind === kind);
  const [about] = only('about');
  const [answers] = only('answers');
  if (!about || !answers) throw stale(name, 'a line "about" or "answers" is missing');
  return { about, answers, frames: only('frame'), lostAt: only('lost')[0]?.at ?? null };
}

function lineOf(name: Name, text: string, index: number): z.infer<typeof Line> {
  const value: unknown = JSON.parse(text);
  const parsed = Line.safeParse(value);
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw stale(name, `line ${index + 1} is not what the API says now (${said.join('; ')})`);
}

function stale(name: Name, why: string): Error {
  return new Error(`The recording "${name}" is stale: ${why}. Make it anew: node test/recordings/record.ts ${name}`);
}

/** Packed, without anything of the machine that it was made on. Throws when it is too big. */
export function packed({ about, answers, frames, lostAt }: Recording): Buffer {
  const lost = lostAt === null ? [] : [{ kind: 'lost', at: lostAt }];
  const lines = [about, answers, ...frames, ...lost];
  const bytes = gzipSync(
    scrubbed(lines)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    { level: 9 },
  );
  if (bytes.length <= MOST_BYTES) return bytes;
  throw new Error(`The recording has ${bytes.length} bytes; expected at most ${MOST_BYTES}.`);
}
