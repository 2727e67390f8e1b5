// What people are told of releases: which events of the journal are worth a message, to whom, in which words. Pure.
import { z } from 'zod';
import type { Event } from './journal.ts';

/** What happened, as far as somebody outside cares. */
export const NOTICE_KINDS = [
  'started',
  'approval',
  'held',
  'promoted',
  'rolled_back',
  'failed',
  'taken_back',
  'crash_loop',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** All but that a release began: what needs a person, and what is over. */
export const DEFAULT_KINDS: readonly NoticeKind[] = NOTICE_KINDS.filter((kind) => kind !== 'started');

/** Where a secret is: never the secret itself. */
export const SecretRef = z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })]);
export type SecretRef = z.infer<typeof SecretRef>;

const Common = {
  /** Unique among the targets. */
  name: z.string().max(64),
  events: z.array(z.enum(NOTICE_KINDS)),
  /** Only these services; empty = all. */
  services: z.array(z.string().max(100)).max(1000),
};

export const NotifyTarget = z.discriminatedUnion('type', [
  z.object({ ...Common, type: z.literal('slack-webhook'), url: SecretRef }),
  z.object({ ...Common, type: z.literal('slack'), token: SecretRef, channel: z.string().max(100) }),
  z.object({
    ...Common,
    type: z.literal('webhook'),
    url: z.union([SecretRef, z.string().max(2000)]),
    secret: SecretRef.nullable(),
  }),
  z.object({
    ...Common,
    type: z.literal('email'),
    smtp: z.union([SecretRef, z.string().max(2000)]),
    from: z.string().max(320),
    to: z.array(z.string().max(320)).min(1).max(50),
  }),
]);
export type NotifyTarget = z.infer<typeof NotifyTarget>;

export type Notice = {
  /** The same for the same event of the same control plane, so that a receiver can pass over what comes twice. */
  readonly id: string;
  readonly kind: NoticeKind | 'test';
  /** Messages with the same subject are one message where the service lets it be changed. */
  readonly subject: string;
  readonly project: string;
  readonly service: string;
  readonly version: number | null;
  readonly release: number | null;
  readonly at: number;
  /** Who did it: a person, a token, or `friday`. */
  readonly by: string;
  /** As in the journal and the receipt. */
  readonly sentence: string;
  /** Numbers behind it, one a line. */
  readonly lines: readonly string[];
  /** Where a person sees more; null when there is no page for others than this machine. */
  readonly url: string | null;
};

const PHASES: Readonly<Record<string, NoticeKind>> = {
  waiting_for_approval: 'approval',
  paused: 'held',
  promoted: 'promoted',
  rolled_back: 'rolled_back',
  failed: 'failed',
};

/** Null: nobody is told, as when a service starts for the first time. Crash loops need more than one event, see `createLoops`. */
export function kindOf({ type, data, release }: Event): NoticeKind | null {
  if (release === null) return null;
  const isFirst = data.from === null;
  if (isFirst && (type === 'release_requested' || data.phase === 'promoted')) return null;
  if (type === 'release_requested') return data.isDirect === true ? null : 'started';
  if (type === 'release_held') return 'held';
  if (type === 'release_watch') return data.isTakenBack === true ? 'taken_back' : null;
  if (type !== 'release_state' && type !== 'command') return null;
  return PHASES[String(data.phase)] ?? null;
}

const LOOP_ENDS = 3;
const LOOP_MS = 5 * 60_000;
const LOOP_QUIET_MS = 30 * 60_000;
const MOST_LOOPS = 1000;

/** Tells when the instances of a version have ended three times within five minutes; then not again for half an hour. */
export function createLoops(): (event: Event) => boolean {
  const seen = new Map<string, { ends: readonly number[]; toldAt: number | null }>();
  return ({ type, service, version, at }) => {
    if (type !== 'instance_exited') return false;
    const key = `${service} ${version}`;
    const known = seen.get(key) ?? { ends: [], toldAt: null };
    const ends = [...known.ends.filter((one) => at - one < LOOP_MS), at].slice(-LOOP_ENDS);
    const isQuiet = known.toldAt !== null && at - known.toldAt < LOOP_QUIET_MS;
    const isLoop = ends.length >= LOOP_ENDS && !isQuiet;
    seen.delete(key);
    seen.set(key, { ends, toldAt: isLoop ? at : known.toldAt });
    for (const oldest of seen.keys()) {
      if (seen.size <= MOST_LOOPS) break;
      seen.delete(oldest);
    }
    return isLoop;
  };
}

export function isFor(target: NotifyTarget, kind: NoticeKind, service: string): boolean {
  return target.events.includes(kind) && (target.services.length === 0 || target.services.includes(service));
}

const HEADS: Readonly<Record<Notice['kind'], readonly [mark: string, words: string]>> = {
  started: ['◉', 'is being released'],
  approval: ['▲', 'waits for a yes'],
  held: ['‖', 'is held'],
  promoted: ['✓', 'was promoted'],
  rolled_back: ['✕', 'was rolled back'],
  failed: ['✕', 'failed'],
  taken_back: ['✕', 'was taken back after its promotion'],
  crash_loop: ['✕', 'keeps ending'],
  test: ['✓', 'This is a test'],
};

/** `✕ api v42 was rolled back`. */
export function headOf({ kind, service, version }: Notice): string {
  const [mark, words] = HEADS[kind];
  if (kind === 'test') return `${mark} ${words}`;
  return `${mark} ${service}${version === null ? '' : ` v${version}`} ${words}`;
}

/** What a person can do about it, as a command; null when there is nothing to do. */
export function nextStepOf({ kind, service }: Notice): string | null {
  if (kind === 'approval') return `friday promote ${service} or friday rollback ${service}`;
  if (kind === 'held') return `friday status ${service}`;
  if (kind === 'crash_loop') return `friday logs ${service}`;
  if (kind === 'rolled_back' || kind === 'failed' || kind === 'taken_back') return `friday history ${service}`;
  return null;
}

/** The whole message as plain text. */
export function textOf(notice: Notice): string {
  const step = nextStepOf(notice);
  const by = notice.by === 'friday' || notice.by === '' ? [] : [`By ${notice.by}.`];
  return [
    `${headOf(notice)} (${notice.project})`,
    notice.sentence,
    ...notice.lines,
    ...by,
    ...(step === null ? [] : [step]),
    ...(notice.url === null ? [] : [notice.url]),
  ].join('\n');
}
