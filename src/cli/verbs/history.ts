// friday history: versions and events, newest first.

import type { ExitCode } from '../../api/tables.ts';
import type { EventView } from '../../api/views.ts';
import type { Call } from '../call.ts';
import { historyScreen } from '../screens/history.ts';
import { parseSubject } from '../subject.ts';

export type HistoryOptions = { readonly lines?: number | undefined };

const LINES = 20;

export async function history(call: Call, subject: string | undefined, options: HistoryOptions): Promise<ExitCode> {
  const { terminal, clock } = call;
  const client = await call.connect();
  const service = subject === undefined ? null : parseSubject(subject).service;
  const versions = service === null ? null : await client.versions(service);
  const events: EventView[] = [];
  const query = {
    follow: false,
    limit: Math.min(1000, options.lines ?? LINES),
    ...(service === null ? {} : { service }),
  };
  for await (const event of client.events(query, call.interrupt())) events.unshift(event);
  terminal.answer(
    historyScreen(versions, events, { width: terminal.width, color: terminal.hasColour, now: clock.now() }),
  );
  terminal.json(versions === null ? { events } : { service, versions, events });
  return 0;
}
