// friday audit: who changed what, or tried to; newest first.
import type { AuditView } from '../../api/access-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { type Column, table } from '../output/columns.ts';
import { momentOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned } from '../output/text.ts';

const PAGE = 1000;

export async function audit(call: Call, options: { readonly lines?: number | undefined }): Promise<ExitCode> {
  const { terminal, clock } = call;
  const { access } = await call.connect();
  const wanted = options.lines ?? 50;
  const entries: AuditView[] = [];
  while (entries.length < wanted) {
    const before = entries.at(-1)?.seq;
    const limit = Math.min(PAGE, wanted - entries.length);
    const page = await access.audit({ limit, ...(before === undefined ? {} : { before }) });
    entries.push(...page);
    if (page.length < limit) break;
  }
  const paint = paintOf(terminal.hasColour);
  const columns: Column[] = [
    { title: 'WHEN', align: 'left' },
    { title: 'WHO', align: 'left', least: 6 },
    { title: 'HOW', align: 'left', leave: 2 },
    { title: 'WHAT', align: 'left' },
    { title: 'ABOUT', align: 'left', least: 8, leave: 3 },
    { title: 'ANSWER', align: 'right' },
    { title: 'FROM', align: 'left', leave: 4 },
  ];
  const rows = entries.map((one) => [
    { text: momentOf(one.at, clock.now()), paint: paint.dim },
    { text: cleaned(one.who) },
    { text: one.how === null ? '–' : `${one.how}, ${one.role ?? '–'}` },
    { text: one.what },
    { text: cleaned(one.about) },
    { text: String(one.status), paint: one.status >= 400 ? paint.bad : undefined },
    { text: cleaned(one.from) },
  ]);
  terminal.answer(entries.length === 0 ? 'Nothing was changed yet.' : table(columns, rows, terminal.width));
  terminal.json(entries);
  return 0;
}
