// Turns one checked service into its resolved form: defaults applied, and everything in it that contradicts itself reported.

import type { Containers } from './container-draft.ts';
import { containerOf } from './container-resolve.ts';
import { type Draft, pathIn } from './draft.ts';
import type { Dependency } from './graph.ts';
import type { Lookup } from './interpolate.ts';
import { type Disk, imageLaunchOf, launchOf } from './launch.ts';
import { releaseOf } from './plan.ts';
import { errorAt, warningAt } from './problem.ts';
import type { ServiceSpec } from './project.ts';
import { readinessOf } from './readiness.ts';
import { scaleOf } from './scaling.ts';
import { keySpanAt, spanAt, treeAt } from './tree.ts';
import { environmentOf } from './variables.ts';

export type Surroundings = {
  readonly read: (path: string) => string | null;
  readonly disk: Disk;
  readonly lookup: Lookup;
  /** Services that another one waits for until they have completed. */
  readonly awaited: ReadonlySet<string>;
  /** Null with the process runtime. */
  readonly containers: Containers | null;
};

/** Never throws; what it gives is only good when no error was reported. */
export function resolveService(draft: Draft, dependsOn: readonly Dependency[], around: Surroundings): ServiceSpec {
  const { compose, friday, name } = draft;
  const { containers } = around;
  const image = containers === null ? null : imageLaunchOf(draft, around.disk.isFolder);
  const launch = image ?? launchOf(draft, around.disk);
  reportNeedsPort(draft);
  const scale = scaleOf(draft);
  const { hold, route } = friday;
  return {
    name,
    context: launch.context,
    image: compose.image ?? null,
    command: [...launch.command],
    install: launch.install === null ? null : [...launch.install],
    workingDir: launch.workingDir,
    environment: environmentOf(draft, around.read, around.lookup),
    dependsOn: [...dependsOn],
    replicas: replicasOf(draft, scale),
    ...(scale === undefined ? {} : { scale }),
    restart: restartOf(draft, around.awaited),
    stopSignal: compose.stop_signal ?? 'SIGTERM',
    stopGraceMs: compose.stop_grace_period ?? 10_000,
    readiness: readinessOf(draft, launch.command, containers !== null),
    port: friday.port ?? null,
    routes: route === undefined ? [] : Array.isArray(route) ? route : [route],
    isSticky: friday.sticky === 'cookie',
    metrics: friday.metrics ?? null,
    scheme: friday.port === undefined ? (friday.url ?? 'tcp') : 'http',
    timeoutMs: friday.timeout ?? 60_000,
    hold: { requests: hold?.requests ?? 100, ms: hold?.for ?? 10_000 },
    ...(friday.drain === undefined ? {} : { drainMs: friday.drain }),
    release: releaseOf(draft),
    ...(containers === null || image === null ? {} : { container: containerOf(draft, image.container, containers) }),
  };
}

/** Compose's default is `no`; here a service is kept running, unless somebody waits for its end. */
function restartOf(draft: Draft, awaited: ReadonlySet<string>): ServiceSpec['restart'] {
  const written = draft.compose.restart;
  if (written === undefined) return awaited.has(draft.name) ? 'no' : 'always';
  if (written === 'no') return 'no';
  return written.startsWith('on-failure') ? 'on-failure' : 'always';
}

function replicasOf(draft: Draft, bounds: ServiceSpec['scale']): number {
  const { deploy, scale } = draft.compose;
  const replicas = deploy?.replicas;
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    const path = pathIn(draft, 'scale');
    const message = `scale says ${scale} and deploy.replicas says ${replicas}`;
    draft.problems.push(errorAt(path, spanAt(draft.root, path), message, 'take scale out'));
  }
  const written = replicas ?? scale;
  if (bounds !== undefined && written !== undefined && (written < bounds.min || written > bounds.max)) {
    const path = replicas === undefined ? pathIn(draft, 'scale') : pathIn(draft, 'deploy', 'replicas');
    const message = `x-friday.scale allows ${bounds.min} to ${bounds.max} instances, so it cannot begin with ${written}`;
    draft.problems.push(errorAt(path, spanAt(draft.root, path), message, 'take it out, or change min or max'));
  }
  return written ?? bounds?.min ?? 1;
}

const BEHIND_BALANCER = ['route', 'ready', 'metrics', 'sticky', 'timeout', 'hold', 'drain', 'scale'] as const;

function reportNeedsPort(draft: Draft): void {
  const { friday, name } = draft;
  if (treeAt(draft.root, pathIn(draft, 'x-friday', 'port')) !== null) {
    if (friday.url === undefined) return;
    const path = pathIn(draft, 'x-friday', 'url');
    const message = `${name} has a port, so its address is http through the balancer`;
    draft.problems.push(errorAt(path, keySpanAt(draft.root, path), message, 'take out url or port'));
    return;
  }
  for (const key of BEHIND_BALANCER) {
    if (friday[key] === undefined) continue;
    const path = pathIn(draft, 'x-friday', key);
    const hint = 'add port: 3000 to x-friday, the port on which it listens';
    draft.problems.push(errorAt(path, keySpanAt(draft.root, path), `${key} needs x-friday.port`, hint));
  }
  if (friday.release !== undefined) {
    const path = pathIn(draft, 'x-friday', 'release');
    const message = 'without x-friday.port there is no traffic to split: a new version replaces the old one in place';
    draft.problems.push(warningAt(path, keySpanAt(draft.root, path), message));
  }
}
