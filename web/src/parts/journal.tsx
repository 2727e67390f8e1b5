// Lines of the journal: when, what, and who did it.
import type { EventView } from '../../../src/api/views.ts';
import { clockText, momentText, utcText } from '../format.ts';
import { now } from '../live.ts';
import { eventMark } from '../marks.ts';

export function Journal({
  events,
  isLong = false,
  link = false,
}: {
  events: readonly EventView[];
  isLong?: boolean;
  link?: boolean;
}) {
  if (events.length === 0) return <p class="empty">Nothing has happened yet.</p>;
  const told = events.filter((event, i) => !isRepeated(event, events[i - 1]));
  return (
    <ol class={`journal${isLong ? ' long' : ''}`}>
      {told.map((event) => (
        <Line key={event.seq} event={event} link={link} />
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

function Line({ event, link }: { event: EventView; link: boolean }) {
  const mark = eventMark(event);
  const isToday = new Date(event.at).toDateString() === new Date(now.peek()).toDateString();
  return (
    <li>
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
