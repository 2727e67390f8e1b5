// Speaks with a Swarm's manager about what belongs to one project: looks, and changes that survive a race.
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';
import { LABELS } from './labels.ts';
import { SwarmNode, SwarmService, SwarmTask } from './objects.ts';
import type { SwarmLook } from './standing.ts';

type Json = Readonly<Record<string, unknown>>;

export type ServiceSpecJson = SwarmService['Spec'];

export type Cluster = {
  /** One look at everything of the project. Failure: `unavailable`, `refused`, as the engine. */
  look(): Promise<SwarmLook>;
  nodes(): Promise<readonly SwarmNode[]>;
  /** Null when there is none. */
  service(name: string): Promise<SwarmService | null>;
  /** Failure: `conflict` (one of that name is there). */
  create(spec: Json): Promise<void>;
  /** Changes what it is now; `change` may be called again, and null leaves it as it is. False when it is gone. */
  update(name: string, change: (service: SwarmService) => Json | null): Promise<boolean>;
  /** Idempotent. */
  remove(name: string): Promise<void>;
  /** As with services. Failure: `not-found`. */
  updateNode(id: string, change: (node: SwarmNode) => Json | null): Promise<void>;
};

const TRIES = 5;

export function clusterOf(engine: Engine, project: string): Cluster {
  const filters = JSON.stringify({ label: [`${LABELS.project}=${project}`] });
  const nodes = () => engine.get('/nodes', z.array(SwarmNode));
  const service = (name: string) => absentAsNull(engine.get(`/services/${encodeURIComponent(name)}`, SwarmService));
  return {
    look: async () => {
      const services = await engine.get('/services', z.array(SwarmService), { query: { filters } });
      // After their services, so that they are never older than these.
      const [tasks, all] = await Promise.all([
        engine.get('/tasks', z.array(SwarmTask), { query: { filters } }),
        nodes(),
      ]);
      return { services, tasks, nodes: all };
    },
    nodes,
    service,
    create: async (spec) => void (await engine.post('/services/create', z.unknown(), { body: spec })),
    update: async (name, change) => {
      for (let tries = 1; ; tries += 1) {
        const current = await service(name);
        if (current === null) return false;
        const body = change(current);
        if (body === null) return true;
        const query = { version: current.Version.Index };
        try {
          await engine.post(`/services/${current.ID}/update`, z.unknown(), { query, body });
          return true;
        } catch (error) {
          if (tries === TRIES || !isOutOfSequence(error)) throw error;
        }
      }
    },
    remove: async (name) => {
      await absentAsNull(engine.order('DELETE', `/services/${encodeURIComponent(name)}`));
    },
    updateNode: async (id, change) => {
      for (let tries = 1; ; tries += 1) {
        const current = await engine.get(`/nodes/${id}`, SwarmNode);
        const body = change(current);
        if (body === null) return;
        try {
          await engine.order('POST', `/nodes/${id}/update`, { query: { version: current.Version.Index }, body });
          return;
        } catch (error) {
          if (tries === TRIES || !isOutOfSequence(error)) throw error;
        }
      }
    },
  };
}

async function absentAsNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return null;
    throw error;
  }
}

/** Somebody, maybe Swarm itself, changed it between our look and our change. */
function isOutOfSequence(error: unknown): boolean {
  return error instanceof Failure && /out of sequence/i.test(error.message);
}
