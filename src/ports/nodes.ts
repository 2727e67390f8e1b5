// The port to the machines that a runtime spreads instances over.

export type NodeSeen = {
  /** The runtime's own name for it. */
  readonly id: string;
  /** Host name. Not always unique; then the id is. */
  readonly name: string;
  readonly role: 'manager' | 'worker';
  /** `lost`: its engine does not answer; what ran there runs elsewhere, or soon will. */
  readonly state: 'ready' | 'lost';
  /** `emptying`: instances leave, one after the other. `drained`: empty, and nothing is placed there. `paused`: somebody else said so. */
  readonly availability: 'active' | 'emptying' | 'drained' | 'paused';
  /** Where the other machines reach it. */
  readonly address: string;
  /** Version of its engine. */
  readonly engine: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Ids of the instances of this project that run there, in order. */
  readonly instances: readonly string[];
};

export interface Nodes {
  /** Every machine, managers first, then by name. Failure: `unavailable`. */
  list(): Promise<readonly NodeSeen[]>;

  /**
   * Begins to empty a machine, by name or id: others stand in for its instances first, then they drain and stop; then it
   * is drained for everybody. Returns at once. Idempotent. Failures: `not-found`, `conflict` (no other machine could take them).
   */
  drain(name: string): Promise<NodeSeen>;

  /** Lets instances run there again. What runs elsewhere stays there until it is to be spread. Idempotent. Failure: `not-found`. */
  activate(name: string): Promise<NodeSeen>;
}
