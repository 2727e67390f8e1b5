// friday restart: new instances of the same version, one after the other, without a gap.
import type { ExitCode } from '../../api/tables.ts';
import type { ServiceView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { paintOf } from '../output/paint.ts';
import { plural } from '../output/text.ts';
import { wouldDo } from './dry-run.ts';

export type RestartOptions = { readonly instance?: string | undefined; readonly reason?: string | undefined };

export async function restart(call: Call, service: string, options: RestartOptions): Promise<ExitCode> {
  const { terminal } = call;
  const client = await connectForOrder(call);
  const instance = options.instance ?? null;
  if (call.flags.dryRun) {
    return wouldDo(call, client, service, (_now, view) => `would restart ${whatOf(view, instance)}`);
  }
  const view = await client.restart(service, { instance, reason: options.reason ?? '' });
  const mark = paintOf(terminal.hasColour).good('✓');
  terminal.answer(`  ${mark} restarting ${whatOf(view, instance)}`);
  terminal.say(`  Watch it: friday status ${service} -w`);
  terminal.json(view);
  return 0;
}

/** Failure: `not-found`. */
function whatOf({ name, version, instances }: ServiceView, instance: string | null): string {
  if (instance !== null) {
    if (instances.some((one) => one.id === instance)) return instance;
    const ids = instances.map((one) => one.id).join(', ') || 'none';
    throw new Failure('not-found', `${name} has no instance ${instance}; expected one of: ${ids}.`, {
      hint: `friday status ${name}`,
    });
  }
  const mine = instances.filter((one) => one.version === version && one.role !== 'leaving');
  return mine.length === 1 ? `${mine[0]?.id}` : `${plural(mine.length, 'instance')} of ${name}, one after the other`;
}
