// friday notifications: who is told of releases, and how it went.
import type { NotificationsView } from '../../api/notice-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { type Column, table } from '../output/columns.ts';
import { agoOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned } from '../output/text.ts';

/** Exit code 1 when somebody does not get their messages. */
export async function notifications(call: Call, options: { readonly lines?: number | undefined }): Promise<ExitCode> {
  const { terminal } = call;
  const view = await (await call.connect()).access.notifications();
  terminal.json(view);
  if (view.targets.length === 0) {
    terminal.answer('Nobody is told of releases: name somebody in x-friday.notify, then friday up.');
    return 0;
  }
  terminal.answer([...targetLines(call, view), '', ...deliveryLines(call, view, options.lines ?? 20)]);
  return view.targets.some((one) => one.isFailing) ? 1 : 0;
}

function targetLines({ terminal }: Call, { targets }: NotificationsView): string[] {
  const paint = paintOf(terminal.hasColour);
  const columns: Column[] = [
    { title: '', align: 'left', gap: 1 },
    { title: 'TARGET', align: 'left' },
    { title: 'KIND', align: 'left' },
    { title: 'WAITING', align: 'right' },
    { title: 'EVENTS', align: 'left', least: 10 },
    { title: 'SERVICES', align: 'left', least: 8, leave: 1 },
  ];
  const rows = targets.map((one) => [
    { text: one.isFailing ? '✕' : '✓', paint: one.isFailing ? paint.bad : paint.good },
    { text: one.name },
    { text: one.type },
    { text: String(one.waiting) },
    { text: one.events.join(' ') },
    { text: one.services.length === 0 ? 'all' : one.services.join(' ') },
  ]);
  return table(columns, rows, terminal.width);
}

function deliveryLines({ terminal, clock }: Call, { deliveries }: NotificationsView, most: number): string[] {
  const paint = paintOf(terminal.hasColour);
  const columns: Column[] = [
    { title: 'WHEN', align: 'left' },
    { title: 'TARGET', align: 'left' },
    { title: 'ABOUT', align: 'left' },
    { title: 'STATE', align: 'left' },
    { title: 'TRIES', align: 'right' },
    { title: 'WHY', align: 'left', least: 10 },
  ];
  const rows = deliveries
    .slice(0, most)
    .map((one) => [
      { text: agoOf(one.at, clock.now()) },
      { text: one.target },
      { text: `${cleaned(one.service)} ${one.kind}` },
      { text: one.state, paint: one.state === 'failed' ? paint.bad : undefined },
      { text: String(one.tries) },
      { text: cleaned(one.error) },
    ]);
  return rows.length === 0 ? ['Nothing was sent yet.'] : table(columns, rows, terminal.width);
}
