// friday release: a new version of one service, watched to its verdict.
import type { ExitCode } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import { isReleased } from '../../core/spec/project.ts';
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
    const weights = [...(options.steps ?? spec.release.steps.map((step) => step.weight)), 100].map(weightOf).join(', ');
    const how = isReleased(spec) ? weights : 'replaced in place';
    terminal.answer(`  ~ ${service}  a new version: ${how}`);
    terminal.json({ isDryRun: true, service, steps: options.steps ?? spec.release.steps.map((step) => step.weight) });
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
