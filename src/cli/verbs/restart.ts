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

/** The id of an instance that there is, else `not-found`. */
export function requireListed({ name, instances }: ServiceView, id: string): string {
  if (instances.some((one) => one.id === id)) return id;
  const ids = instances.map((one) => one.id).join(', ') || 'none';
  throw new Failure('not-found', `${name} has no instance ${id}; expected one of: ${ids}.`, {
    hint: `friday status ${name}`,
  });
}

/** Failure: `not-found`. */
function whatOf(view: ServiceView, instance: string | null): string {
  if (instance !== null) return requireListed(view, instance);
  const { name, version, instances } = view;
  const mine = instances.filter((one) => one.version === version && one.role !== 'leaving' && one.role !== 'drained');
  return mine.length === 1 ? `${mine[0]?.id}` : `${plural(mine.length, 'instance')} of ${name}, one after the other`;
}
