// The images of revisions, as the Swarm runtime needs them: on the manager's engine, and then on every node.
import type { Runtime } from '../../../ports/runtime.ts';

/** Makes and finds images on the manager's engine. */
export type Images = Pick<Runtime, 'identify' | 'prepare' | 'prune'> & {
  /** The id of a revision's image; null = it is not here. */
  find(service: string, digest: string): Promise<string | null>;
};
