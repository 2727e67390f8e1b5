// What --dry-run says about orders to a release.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ServiceView } from '../../api/views.ts';
import type { Call } from '../call.ts';
import { weightOf } from '../output/numbers.ts';

/** Says in one line what would be done to the service as it is now. `words` gets the share of the release under way, `100%` without one. */
export async function wouldDo(
  call: Call,
  client: Pick<Client, 'service' | 'release'>,
  service: string,
  words: (share: string, view: ServiceView) => string,
): Promise<ExitCode> {
  const view = await client.service(service);
  const release = view.release === null ? null : await client.release(view.release);
  const text = words(weightOf(release?.weight ?? 100), view);
  call.terminal.answer(`  ${text}`);
  call.terminal.json({ isDryRun: true, service, text });
  return 0;
}
