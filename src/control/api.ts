// What the control plane offers to the server: questions and orders. Orders answer when they are remembered, not when they are done.
import type { CertificateView } from '../api/certificate-views.ts';
import type { DifferencesView } from '../api/difference-views.ts';
import type { CourseView, PointView } from '../api/live-views.ts';
import type { NodeView } from '../api/node-views.ts';
import type { RecentTrafficView } from '../api/plan-views.ts';
import type { ChangeView, DownView, ReleaseView, ServiceView, StatusView, UpView, VersionView } from '../api/views.ts';
import type { DrainAct } from '../core/drained.ts';
import type { Event } from '../core/journal.ts';
import type { Project } from '../core/spec/project.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { EventQuery } from '../ports/store.ts';
import type { CourseQuery } from './courses.ts';

/** Who orders, for the journal. */
export type Order = {
  readonly by: string;
  readonly reason: string;
  /** Whether it may be the yes that a release waits for; absent = it may. Only `promote` and `rollBack` look at it. */
  readonly mayApprove?: boolean | undefined;
};

export type UpOrder = Order & {
  readonly project: Project;
  /** Only these; empty = all. */
  readonly services: readonly string[];
  readonly isDryRun: boolean;
  /** Stop services that the file no longer names; otherwise they are reported as `orphan`. */
  readonly removesOrphans: boolean;
  /** Make new versions even where nothing changed. */
  readonly isForced: boolean;
};

export type ReleaseOrder = Order & {
  readonly project: Project;
  readonly service: string;
  /** Weights instead of the plan in the file; null = the file's. */
  readonly steps: readonly number[] | null;
};

export interface Control {
  status(): StatusView;
  /** Failure: `not-found`. */
  service(name: string): ServiceView;
  /** Of the last hour, or of the life of this control plane. Failure: `not-found`. */
  traffic(service: string): RecentTrafficView;
  /** In the order in which they are chosen; empty without HTTPS. */
  certificates(): readonly CertificateView[];
  /** Newest first. Failure: `not-found`. */
  versions(service: string): readonly VersionView[];
  /** Newest first; those under way included. */
  releases(query: { readonly service?: string; readonly limit?: number }): Promise<readonly ReleaseView[]>;
  /** Failure: `not-found`. */
  release(id: number): Promise<ReleaseView>;
  /** What a release changes in the settings of its service. Failure: `not-found`. */
  changes(id: number): Promise<DifferencesView>;
  /** What the judge of a release was told, as the lines of docs/reference/ticks.md; runs once. Failure: `not-found` (no such release, or no ticks of it). */
  ticks(id: number): Promise<AsyncIterable<string>>;
  /** How a release went, in few points. Failure: `not-found`. */
  course(id: number, query: CourseQuery): Promise<CourseView>;
  /** Seconds of the service of a release that are closed, of the last minute, after `afterMs`; none when it is not known. */
  points(id: number, afterMs: number): readonly PointView[];
  readonly metrics: Metrics;
  events(query: EventQuery): Promise<readonly Event[]>;
  /** Calls with every batch of new events, after they are stored. Gives the function that ends it. */
  onEvents(listener: (events: readonly Event[]) => void): () => void;
  /** Calls after every turn of the loop, and after every order. Gives the function that ends it. */
  onTurn(listener: () => void): () => void;

  /** Failures: `invalid` (a build failed), `conflict` (a port is taken). Nothing is changed unless all services can be prepared. */
  up(order: UpOrder): Promise<UpView>;
  /** A new version of one service, though nothing may have changed. Failures: `not-found`, `invalid`, `conflict` (not behind the balancer, or never started). */
  releaseService(order: ReleaseOrder): Promise<ReleaseView>;
  /** A/A: stable's own code as the candidate. Failures: `not-found`, `conflict` (it does not run, or is being released). */
  compareWithItself(
    service: string,
    step: { readonly weight: number; readonly bakeMs: number },
    order: Order,
  ): Promise<ReleaseView>;
  /** Ends the release under way, else goes back to `version` or the one before. Failures: `not-found`, `conflict` (nothing to go back to), `refused` (see `Order`). */
  rollBack(service: string, version: number | null, order: Order): Promise<ReleaseView>;
  /** Next step, or up to `to` percent; with `version`, makes an old version stable again. Failures: `not-found`, `conflict`, `refused` (see `Order`). */
  promote(
    service: string,
    target: { readonly to: number | null; readonly version: number | null },
    order: Order,
  ): Promise<ReleaseView>;
  pause(service: string, order: Order): Promise<ReleaseView>;
  /** One instance, or (null) all of the stable version, one after the other, each with another one in its place first. Failures: `not-found`, `conflict`. */
  restart(service: string, instance: string | null, order: Order): Promise<ServiceView>;
  /**
   * One instance of the stable version: `out` of traffic once another one stands in, and kept for an hour at most; `back`; or `stop`.
   * Failures: `not-found`, `conflict`.
   */
  drain(
    service: string,
    what: { readonly instance: string; readonly act: DrainAct },
    order: Order,
  ): Promise<ServiceView>;
  /** The machines that instances are spread over, managers first. Failure: `conflict` (the runtime has none). */
  nodes(): Promise<readonly NodeView[]>;
  /** Others stand in for the instances of a node first, then they drain and stop. Failures: `not-found`, `conflict` (no other node). */
  drainNode(name: string, order: Order): Promise<NodeView>;
  /** Failures: `not-found`, `conflict`. */
  activateNode(name: string, order: Order): Promise<NodeView>;
  /** Stops services (empty = all): traffic leaves, open requests end, instances stop. Failure: `not-found`. */
  down(services: readonly string[], order: Order): Promise<DownView>;
}

export type { ChangeView };
