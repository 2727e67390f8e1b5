// friday history: versions and events, newest first; or one release in full, by its number.

import type { Client } from '../../api/client.ts';
import type { DifferencesView } from '../../api/difference-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { EventView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../call.ts';
import { detailsScreen } from '../screens/details.ts';
import { historyScreen, withoutRepeats } from '../screens/history.ts';
import { parseSubject } from '../subject.ts';

export type HistoryOptions = { readonly lines?: number | undefined };

const LINES = 20;
/** Some events only repeat what another one says. */
const EVENTS_PER_LINE = 4;
const MOST_EVENTS = 1000;
const MOST_RELEASES = 30;
/** Releases have numbers of their own, over all services. */
const RELEASE_NUMBER = /^[1-9]\d{0,8}$/;

export async function history(call: Call, subject: string | undefined, options: HistoryOptions): Promise<ExitCode> {
  const { terminal, clock } = call;
  const client = await call.connect();
  const screen = { width: terminal.width, color: terminal.hasColour, now: clock.now() };
  if (subject !== undefined && RELEASE_NUMBER.test(subject)) {
    const view = await client.release(Number(subject));
    const changes = await changesOf(client, view.id);
    terminal.answer(detailsScreen(view, screen, changes));
    terminal.json({ ...view, changes });
    return 0;
  }
  const service = subject === undefined ? null : parseSubject(subject).service;
  const versions = service === null ? null : await client.versions(service);
  const releases = service === null ? [] : await client.releases({ service, limit: MOST_RELEASES });
  const events: EventView[] = [];
  const lines = options.lines ?? LINES;
  const query = {
    follow: false,
    limit: Math.min(MOST_EVENTS, EVENTS_PER_LINE * lines),
    ...(service === null ? {} : { service }),
  };
  for await (const event of client.events(query, call.interrupt())) events.unshift(event);
  const newest = events.slice(0, lines);
  terminal.answer(historyScreen(versions, withoutRepeats(events).slice(0, lines), screen, releases));
  terminal.json(versions === null ? { events: newest } : { service, versions, releases, events: newest });
  return 0;
}

/** Null where the control plane is of an older version, which cannot tell. */
async function changesOf(client: Client, id: number): Promise<DifferencesView | null> {
  try {
    return await client.changes(id);
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return null;
    throw error;
  }
}
