// friday release: a new version of one service, watched to its verdict.
import type { ExitCode } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import { isReleased, type ServiceSpec } from '../../core/spec/project.ts';
import { whileBusy } from '../busy.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { openProject, requireService } from '../open.ts';
import { weightOf } from '../output/numbers.ts';
import { versionsOf } from '../screens/states.ts';
import { parseSubject } from '../subject.ts';
import { watchRelease } from '../watch/watch.ts';

export type ReleaseOptions = {
  readonly steps?: number[] | undefined;
  readonly reason?: string | undefined;
  readonly timeout?: number | undefined;
  readonly detach?: true | undefined;
};

export async function release(call: Call, subject: string, options: ReleaseOptions): Promise<ExitCode> {
  const { terminal } = call;
  const { service, version } = parseSubject(subject);
  if (version !== null) {
    const message = `A release makes a new version, so ${service}@v${version} cannot be one.`;
    throw new Failure('invalid', message, { hint: `friday promote ${service}@v${version} --full` });
  }
  const project = openProject(call);
  requireService(
    service,
    project.services.map((one) => one.name),
    `in ${project.file}`,
  );
  const spec = project.services.find((one) => one.name === service);
  if (call.flags.dryRun && spec) {
    const how = isReleased(spec) ? planWords(spec, options.steps) : 'replaced in place';
    terminal.answer(`  ~ ${service}  a new version: ${how}`);
    const plan = options.steps || !spec.release.ramp ? 'steps' : 'auto';
    const steps = options.steps ?? spec.release.steps.map((step) => step.weight);
    terminal.json({ isDryRun: true, service, plan, steps });
    return 0;
  }
  const client = await connectForOrder(call);
  const order = client.releaseService(service, {
    project,
    steps: options.steps ?? null,
    reason: options.reason ?? '',
  });
  const view = await whileBusy(call, `preparing ${service}`, order);
  if (options.detach) {
    terminal.answer([`  ◌ ${service}  ${versionsOf(view)} begins`, '', `  Watch it: friday status ${service} -w`]);
    terminal.json(view);
    return 0;
  }
  return watchRelease(call, client, view, { timeoutMs: options.timeout ?? null });
}

/** `5%, 25%, 100%`, `auto, the weight rises with the evidence`. */
function planWords({ release: { ramp, steps } }: ServiceSpec, own: readonly number[] | undefined): string {
  if (own === undefined && ramp) return 'auto, the weight rises with the evidence';
  return [...(own ?? steps.map((step) => step.weight)), 100].map(weightOf).join(', ');
}
