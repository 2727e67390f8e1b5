// Lines of the journal: when, what, and who did it.
import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import type { EventView } from '../../../src/api/views.ts';
import { clockText, momentText, utcText } from '../format.ts';
import { now } from '../live.ts';
import { eventMark } from '../marks.ts';
import { pointed } from '../pointed.ts';

export function Journal({
  events,
  isLong = false,
  link = false,
}: {
  events: readonly EventView[];
  isLong?: boolean;
  link?: boolean;
}) {
  const told = events.filter((event, i) => !isRepeated(event, events[i - 1]));
  const all = useSignal(told);
  all.value = told;
  const held = useComputed(() => (isLong ? heldAt(all.value, pointed.value) : null));
  if (events.length === 0) return <p class="empty">Nothing has happened yet.</p>;
  return (
    <ol class={`journal${isLong ? ' long' : ''}`}>
      {told.map((event) => (
        <Line key={event.seq} event={event} link={link} isTimed={isLong} held={held} />
      ))}
    </ol>
  );
}

/** One change can be several events with one sentence; it is told once. */
function isRepeated(event: EventView, before: EventView | undefined): boolean {
  return (
    before?.sentence === event.sentence && before.release === event.release && Math.abs(before.at - event.at) < 5000
  );
}

/** What had happened last at that moment, by its number; events are the newest first. */
export function heldAt(events: readonly EventView[], at: number | null): number | null {
  return at === null ? null : (events.find((event) => event.at <= at)?.seq ?? null);
}

type LineProps = {
  readonly event: EventView;
  readonly link: boolean;
  /** Belongs to the pictures beside it: what is pointed at there is marked here, and the other way round. */
  readonly isTimed: boolean;
  readonly held: ReadonlySignal<number | null>;
};

function Line({ event, link, isTimed, held }: LineProps) {
  const look = useComputed(() => (held.value === event.seq ? 'held' : ''));
  const point = (at: number | null) => {
    if (isTimed) pointed.value = at;
  };
  const mark = eventMark(event);
  const isToday = new Date(event.at).toDateString() === new Date(now.peek()).toDateString();
  return (
    <li class={look} onPointerEnter={() => point(event.at)} onPointerLeave={() => point(null)}>
      <time dateTime={new Date(event.at).toISOString()} title={utcText(event.at)}>
        {isToday ? clockText(event.at) : momentText(event.at, now.peek())}
      </time>
      <span aria-hidden="true" class={`tone-${mark.tone}`}>
        {mark.glyph}
      </span>
      <span>
        {link && event.release !== null ? <a href={`/releases/${event.release}`}>{event.sentence}</a> : event.sentence}
        {event.by !== 'friday' && !event.sentence.includes(event.by) && <span class="mute"> · {event.by}</span>}
      </span>
    </li>
  );
}
