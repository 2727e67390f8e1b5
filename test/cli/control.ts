// A control plane of plain values for the tests of the command line: it shows what it is given and remembers what it is told.
import { setTimeout as delay } from 'node:timers/promises';
import type { CertificateView } from '../../src/api/certificate-views.ts';
import type { DifferencesView } from '../../src/api/difference-views.ts';
import { differences, node } from '../../src/api/examples.ts';
import type { RecentTrafficView } from '../../src/api/plan-views.ts';
import type { ChangeView, ReleaseView, ServiceView, StatusView, UpView, VersionView } from '../../src/api/views.ts';
import type { Control } from '../../src/control/api.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Event } from '../../src/core/journal.ts';
import type { LogLine } from '../../src/ports/logs.ts';
import { promoted, ramping, recentTraffic, status } from './views.ts';

/** Everything that a test may set. */
export type Stage = {
  status: StatusView;
  /** What each look at the release shows; the last one stays. */
  looks: ReleaseView[];
  changes: ChangeView[];
  listen: UpView['listen'];
  traffic: RecentTrafficView;
  differences: DifferencesView;
  versions: VersionView[];
  certificates: CertificateView[];
  events: Event[];
  lines: LogLine[];
  /** Text of the ticks of every release. */
  ticks: string | null;
  /** Thrown by the next orders. */
  refusal: Failure | null;
  /** Orders take so long to arrive. */
  orderDelayMs: number;
  /** Orders as they came. */
  readonly told: { readonly order: string; readonly given: unknown }[];
  /** So many of the next looks at the release find nobody. */
  deafLooks: number;
};

export function createStage(): Stage {
  return {
    status: status(),
    looks: [ramping(), promoted()],
    changes: [],
    listen: null,
    traffic: recentTraffic(),
    differences: { ...differences, settings: [] },
    certificates: [],
    versions: [],
    events: [],
    lines: [],
    ticks: null,
    refusal: null,
    orderDelayMs: 0,
    told: [],
    deafLooks: 0,
  };
}

export function controlOf(stage: Stage): Control {
  const look = (): ReleaseView => (stage.looks.length > 1 ? stage.looks.shift() : stage.looks[0]) ?? ramping();
  const obey = async <T>(order: string, given: unknown, answer: () => T): Promise<T> => {
    if (stage.orderDelayMs > 0) await delay(stage.orderDelayMs);
    stage.told.push({ order, given });
    if (stage.refusal) throw stage.refusal;
    return answer();
  };
  return {
    course: async (id) => ({ release: id, stepMs: 1000, points: [], said: [] }),
    points: () => [],
    metrics: { range: async ({ fromMs, stepMs }) => ({ fromMs, stepMs, series: [] }) },
    onTurn: () => () => undefined,
    status: () => stage.status,
    service: (name) => known(stage, name),
    traffic: (name) => {
      known(stage, name);
      return stage.traffic;
    },
    certificates: () => stage.certificates,
    versions: (name) => {
      known(stage, name);
      return stage.versions;
    },
    releases: async () => [look()],
    release: async () => {
      if (stage.deafLooks > 0) {
        stage.deafLooks -= 1;
        throw new Failure('unavailable', 'The control plane restarts.');
      }
      return look();
    },
    changes: async () => stage.differences,
    ticks: async (id) => {
      if (stage.ticks === null) throw new Failure('not-found', `Release ${id} has no ticks.`);
      return piecesOf(stage.ticks);
    },
    events: async ({ service: name }) => stage.events.filter((event) => !name || event.service === name),
    onEvents: () => () => {},
    up: ({ isDryRun, removesOrphans, isForced, services }) =>
      obey('up', { isDryRun, removesOrphans, isForced, services }, () => ({
        isDryRun,
        changes: stage.changes,
        listen: stage.listen,
      })),
    releaseService: ({ service: name, steps, reason, by }) => obey('release', { name, steps, reason, by }, look),
    compareWithItself: (name, step, { reason }) => obey('compare', { name, ...step, reason }, look),
    rollBack: (name, version, { reason }) => obey('rollback', { name, version, reason }, look),
    promote: (name, target) => obey('promote', { name, ...target }, look),
    pause: (name) => obey('pause', { name }, look),
    restart: (name, instance) => obey('restart', { name, instance }, () => known(stage, name)),
    drain: (name, what) => obey('drain', { name, ...what }, () => known(stage, name)),
    nodes: async () => [node],
    drainNode: (name) => obey('drain', { name }, () => ({ ...node, name, availability: 'emptying' as const })),
    activateNode: (name) => obey('activate', { name }, () => ({ ...node, name })),
    down: (services) =>
      obey('down', { services }, () => {
        stage.status = {
          ...stage.status,
          services: stage.status.services.map((one) => ({ ...one, state: 'stopped', instances: [] })),
        };
        return { services: [...services], isLast: false };
      }),
  };
}

/** Pieces that end anywhere. */
async function* piecesOf(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += 1000) yield text.slice(at, at + 1000);
}

function known(stage: Stage, name: string): ServiceView {
  const found = stage.status.services.find((one) => one.name === name);
  if (found) return found;
  throw new Failure('not-found', `There is no service ${name}.`, { hint: 'friday status' });
}
