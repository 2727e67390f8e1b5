// friday promote: the next step now, more of the traffic, or all of it.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ReleaseView, ServiceView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import { cancelled, confirm } from '../ask.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { count, weightOf } from '../output/numbers.ts';
import { paintOf } from '../output/paint.ts';
import { parseSubject } from '../subject.ts';
import { watchRelease } from '../watch/watch.ts';
import { wouldDo } from './dry-run.ts';

export type PromoteOptions = {
  readonly to?: number | undefined;
  readonly full?: true | undefined;
  readonly reason?: string | undefined;
};

export async function promote(call: Call, subject: string, options: PromoteOptions): Promise<ExitCode> {
  const { terminal } = call;
  const { service, version } = parseSubject(subject);
  const to = options.full ? 100 : (options.to ?? null);
  const client = await connectForOrder(call);
  if (call.flags.dryRun) {
    return wouldDo(call, client, service, (now, view) => wouldPromote(view, version, now, to));
  }
  if (to === 100) {
    const doubt = await doubtAbout(client, service, version);
    if (doubt !== null && !(await confirm(call, doubt))) return cancelled(call);
  }
  const view = await client.promote(service, { to, version, reason: options.reason ?? '' });
  if (view.weight >= 100 || view.plan === 'none') return watchRelease(call, client, view, { timeoutMs: null });
  const mark = paintOf(terminal.hasColour).good('✓');
  if (view.from !== null && version === view.from) {
    terminal.answer(`  ${mark} ${service} goes back to v${version}; v${view.version} loses its traffic`);
    terminal.json(view);
    return 0;
  }
  terminal.answer(`  ${mark} ${service} v${view.version} gets ${weightOf(view.weight)} of traffic`);
  terminal.say(`  Watch it: friday status ${service} -w`);
  terminal.json(view);
  return 0;
}

/** Failure: `conflict`, as the order itself would be refused. */
function wouldPromote(view: ServiceView, version: number | null, now: string, to: number | null): string {
  const { name, candidate } = view;
  if (candidate === null && version === null) {
    throw new Failure('conflict', `No release of ${name} is under way, so there is nothing to promote.`, {
      hint: `friday release ${name}`,
    });
  }
  if (version !== null && version !== candidate) return `would give ${name} v${version} 100%`;
  return `would take ${name} v${candidate} from ${now} to ${to === null ? 'its next step' : weightOf(to)}`;
}

/** The question that giving everything needs, when the version has not earned it yet; null when it has. */
async function doubtAbout(
  client: Pick<Client, 'service' | 'release' | 'versions'>,
  name: string,
  version: number | null,
): Promise<string | null> {
  const service = await client.service(name);
  const release = service.release === null ? null : await client.release(service.release);
  const isAbout = release !== null && !release.isOver && (version === null || version === release.version);
  if (!isAbout) return version === null ? null : doubtAboutVersion(client, name, version);
  const missing = missingOf(release);
  if (missing === null) return null;
  return `${name} v${release.version} has ${weightOf(release.weight)} and ${missing}. Give it 100% now?`;
}

/** The question before everything goes to a version that was taken back when it was tried last; null when it was not. */
export async function doubtAboutVersion(
  client: Pick<Client, 'versions'>,
  name: string,
  version: number,
): Promise<string | null> {
  const known = (await client.versions(name)).find((one) => one.version === version);
  if (known?.state !== 'rolled_back' && known?.state !== 'failed') return null;
  const how = known.state === 'failed' ? 'failed' : 'was rolled back';
  return `${name} v${version} ${how} when it was released. Give it 100% now?`;
}

function missingOf(release: ReleaseView): string | null {
  const needed = release.neededRequests ?? 0;
  if (needed > 0) return `needs ${count(needed)} more requests for a verdict`;
  if (release.plan === 'auto') return release.nextWeight === 100 ? null : 'is not through its ramp';
  const isLast = release.step >= release.steps.length - 1;
  return isLast && (release.nextInMs ?? 0) <= 0 ? null : 'is not through its plan';
}
