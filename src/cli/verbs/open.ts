// friday open: prints a link that signs a browser in, once.
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';

export async function open(call: Call, options: { readonly for?: string | undefined }): Promise<ExitCode> {
  const { terminal } = call;
  const client = await call.connect();
  const link = await client.access.createLink(options.for ?? null);
  terminal.answer(link.url);
  terminal.say(`  Signs ${link.name} in, once, within 10 minutes.`);
  terminal.json(link);
  return 0;
}
