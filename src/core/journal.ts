// The journal: what happened and why, in sentences, for ever in order.

/** Kinds of events. A new kind is a word here and nothing else. */
export type EventType =
  | 'service_added'
  | 'service_changed'
  | 'service_removed'
  | 'service_scaled'
  | 'instance_started'
  | 'instance_ready'
  | 'instance_exited'
  | 'instance_stopped'
  | 'release_requested'
  | 'release_state'
  | 'release_weight'
  | 'release_verdict'
  | 'release_held'
  | 'release_watch'
  | 'command'
  | 'balancer'
  | 'certificate'
  | 'node'
  | 'control';

export type NewEvent = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: EventType;
  readonly service: string | null;
  /** Version of the service that it is about. */
  readonly version: number | null;
  /** Number of the release that it belongs to. */
  readonly release: number | null;
  /** Who did it: a person's name, or `friday`. */
  readonly by: string;
  /** One sentence that a person understands, the same in every view. */
  readonly sentence: string;
  /** Numbers behind the sentence. */
  readonly data: Readonly<Record<string, unknown>>;
};

export function eventOf(
  at: number,
  type: EventType,
  service: { readonly name: string } | null,
  release: number | null,
  version: number | null,
  sentence: string,
  data: Readonly<Record<string, unknown>> = {},
  by = 'friday',
): NewEvent {
  return { at, type, service: service?.name ?? null, version, release, by, sentence, data };
}

export type Event = NewEvent & {
  /** Rises by one with every event. */
  readonly seq: number;
};
