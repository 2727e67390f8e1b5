// friday drain: one instance leaves traffic and runs on to be looked at, comes back, or stops.
import type { ExitCode } from '../../api/tables.ts';
import type { InstanceView, ServiceView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { clockOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { wouldDo } from './dry-run.ts';
import { requireListed } from './restart.ts';

export type DrainOptions = {
  readonly instance?: string | undefined;
  readonly back?: true | undefined;
  readonly stop?: true | undefined;
  readonly reason?: string | undefined;
};

type Act = 'out' | 'back' | 'stop';

const DOING: Readonly<Record<Act, string>> = { out: 'draining', back: 'bringing back', stop: 'stopping' };
const WOULD: Readonly<Record<Act, string>> = { out: 'drain', back: 'bring back', stop: 'stop' };

export async function drain(call: Call, service: string, options: DrainOptions): Promise<ExitCode> {
  const { terminal } = call;
  const client = await connectForOrder(call);
  const act: Act = options.back ? 'back' : options.stop ? 'stop' : 'out';
  if (call.flags.dryRun) {
    return wouldDo(call, client, service, (_now, view) => `would ${WOULD[act]} ${idOf(view, act, options.instance)}`);
  }
  const instance = options.instance ?? idOf(await client.service(service), act, undefined);
  const view = await client.drain(service, { instance, act, reason: options.reason ?? '' });
  const mark = paintOf(terminal.hasColour).good('✓');
  terminal.answer(`  ${mark} ${DOING[act]} ${instance}${untilIn(view, instance)}`);
  if (act === 'out') terminal.say(`  Bring it back: friday drain ${service} --instance ${instance} --back`);
  terminal.say(`  Watch it: friday status ${service} -w`);
  terminal.json(view);
  return 0;
}

function untilIn({ instances }: ServiceView, id: string): string {
  const until = instances.find((one) => one.id === id)?.drained?.until;
  return until === undefined ? '' : `; it runs on until ${clockOf(until).slice(0, 5)} at the latest`;
}

/** The instance that is meant, or the only one that can be. Failures: `not-found`, `invalid` (several can be meant, or none). */
function idOf(view: ServiceView, act: Act, id: string | undefined): string {
  if (id !== undefined) return requireListed(view, id);
  const { name, instances, version } = view;
  const isOut = (one: InstanceView) => one.drained !== undefined;
  const serves = (one: InstanceView) => one.version === version && one.role === 'stable' && !isOut(one);
  const meant = instances.filter(act === 'out' ? serves : isOut).map((one) => one.id);
  const [first] = meant;
  if (first !== undefined && meant.length === 1) return first;
  const flag = act === 'out' ? '' : ` --${act}`;
  const what = act === 'out' ? 'instances' : 'drained instances';
  const why =
    meant.length === 0 ? `${name} has no ${what}` : `${name} has ${meant.length} ${what}: ${meant.join(', ')}`;
  const hint = first === undefined ? `friday status ${name}` : `friday drain ${name} --instance ${first}${flag}`;
  throw new Failure('invalid', `${why}.`, { hint });
}
