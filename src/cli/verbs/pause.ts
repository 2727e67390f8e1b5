// friday pause: holds a release at its current step.
import type { ExitCode } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { weightOf } from '../output/numbers.ts';
import { paintOf } from '../output/paint.ts';
import { parseSubject } from '../subject.ts';
import { wouldDo } from './dry-run.ts';

export async function pause(
  call: Call,
  subject: string,
  options: { readonly reason?: string | undefined },
): Promise<ExitCode> {
  const { terminal } = call;
  const { service } = parseSubject(subject);
  const client = await connectForOrder(call);
  if (call.flags.dryRun) {
    return wouldDo(call, client, service, (now, view) => {
      if (view.candidate !== null) return `would hold ${service} v${view.candidate} at ${now}`;
      throw new Failure('conflict', `No release of ${service} is under way, so there is nothing to pause.`, {
        hint: `friday status ${service}`,
      });
    });
  }
  const view = await client.pause(service, { reason: options.reason ?? '' });
  const mark = paintOf(terminal.hasColour).warn('‖');
  terminal.answer(`  ${mark} ${service} v${view.version} is paused at ${weightOf(view.weight)}`);
  terminal.say(`  Go on: friday promote ${service}`);
  terminal.json(view);
  return 0;
}
