// The port to whatever runs instances: processes, Docker, Swarm.
import type { Revision } from '../core/service.ts';
import type { ServiceSpec } from '../core/spec/project.ts';
import type { Crowded } from '../core/spreading.ts';

/** One running copy that is wanted. The id is `<service>-v<version>-<slot>`, slots from 1 to 1000; those above stand in for one that had to leave. */
export type InstanceSpec = {
  readonly id: string;
  readonly service: string;
  readonly version: number;
  readonly slot: number;
  readonly revision: Revision;
  readonly spec: ServiceSpec;
  /** Complete environment but PORT, which the runtime adds. */
  readonly environment: Readonly<Record<string, string>>;
  /** A fixed port, for services that are not behind the balancer; null = the runtime picks a free one below 32768. */
  readonly port: number | null;
};

/** How an instance ended, as far as the runtime knows (a process that outlived its parent leaves no code). */
export type Exit = {
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Instead of both, when something else ended it: `its node n2 is lost`. */
  readonly why?: string;
};

export type InstanceSeen = {
  readonly id: string;
  readonly service: string;
  readonly version: number;
  readonly slot: number;
  /** What the runtime itself calls it, for people: `pid 4711`, a container id. Empty when it does not run. */
  readonly handle: string;
  /** `starting`: runs, not ready yet. `stopping`: asked to stop, still runs. `exited`: ended, by itself or asked. */
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly host: string;
  readonly port: number;
  readonly startedAt: number;
  /** Why it is not ready, in words: `GET http://127.0.0.1:4101/up answered 503`. Empty when ready. */
  readonly reason: string;
  readonly exit: Exit | null;
  /** How its run before this one ended, when the runtime has started it again by itself. */
  readonly former?: Exit | null;
  /** Why it has to go from where it runs: `its node n2 is being emptied`. It goes on until another one stands in. Absent = it may stay. */
  readonly leaving?: string;
  /** It would be better elsewhere, and there is room for it: one of its version at most. Absent = it is well where it is. */
  readonly crowded?: Crowded;
  /** Share of one core, 1 = one whole core; null before the second look. */
  readonly cpu: number | null;
  /** Resident memory in bytes, of the whole group. */
  readonly memory: number | null;
};

/** How an instance finds the others. */
export type Reach = {
  /** The address at which it finds the internal ports of services behind the balancer. */
  readonly balancer: string;
  /** A service that is not behind the balancer is found under its own name and port, not at a port of this machine. */
  readonly isByName: boolean;
};

export interface Runtime {
  /** What `prepare` would make of this service now, without making it. Failure: `invalid` (no such folder, nothing to run). */
  identify(spec: ServiceSpec): Promise<Revision>;

  /**
   * Builds or snapshots the service and prepares it once; nothing runs yet. Idempotent: the same content again is quick
   * and gives the same revision. Failures: `invalid` (no such folder, the preparation failed: its last lines are the evidence).
   */
  prepare(spec: ServiceSpec): Promise<Revision>;

  /**
   * Starts the instance unless it runs; one that exited is started afresh under the same id. Returns when it was
   * started, not when it is ready. Failures: `not-found` (the revision is not here), `unavailable`.
   */
  start(instance: InstanceSpec): Promise<void>;

  /** Asks the instance to stop and returns at once: its stop signal now, SIGKILL after its grace time. Idempotent; unknown ids are fine. */
  stop(id: string): Promise<void>;

  /** Forgets an instance that has exited, its files too. Idempotent; does nothing while it runs. */
  remove(id: string): Promise<void>;

  /** Every instance this runtime started and was not told to forget, also those of an earlier control plane. Order by id. */
  list(): Promise<readonly InstanceSeen[]>;

  /** Deletes revisions of `service` that are not in `keep`. */
  prune(service: string, keep: readonly string[]): Promise<void>;

  /**
   * Addresses of this machine, besides loopback, at which instances call services behind the balancer, as far as they
   * can be listened on now. Left out = none: instances share the loopback of this machine.
   */
  internalHosts?(): Promise<readonly string[]>;

  /** How instances of this service find the others. Left out = over loopback. Failure: `unavailable`. */
  reach?(spec: ServiceSpec): Promise<Reach>;

  /** The last lines that an instance wrote, oldest first, at most `lines`. Empty for unknown ids. */
  tail(id: string, lines: number): Promise<readonly string[]>;
}
