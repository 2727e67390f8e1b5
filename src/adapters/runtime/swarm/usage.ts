// Processor and memory use of tasks, asked of the engines of their nodes every few seconds, where these can be reached.
import { type Meter, Stats, statsMeter } from '../docker/stats.ts';
import type { Engine } from '../engine/client.ts';
import type { Usage } from '../process/watch/usage.ts';
import type { Addresses } from './addresses.ts';
import { engineOfNode } from './dial.ts';
import type { SwarmNode } from './objects.ts';
import type { Standing } from './standing.ts';

export type UsageWatch = {
  /** Asks the engines of these nodes of what runs there now, at most every 5 s each; returns at once. `own`: the node of this engine. */
  follow(all: readonly Standing[], nodes: readonly SwarmNode[], own: string): void;
  /** Null where the engine was not reached last time, and processor use before the second answer. */
  of(standing: Standing): Usage;
  close(): void;
};

type Asked = {
  readonly host: string;
  /** Null = no such kind of address. */
  readonly engine: Engine | null;
  meter: Meter;
  isBusy: boolean;
  /** Not asked before, on the clock that never jumps, ms. */
  notBefore: number;
};

const EVERY_MS = 5000;
/** An engine that did not answer is left alone so long. */
const AWAY_MS = 30_000;
const PATIENCE_MS = 3000;
/** Questions to one engine at a time. */
const AT_ONCE = 2;
const UNKNOWN: Usage = { cpu: null, memory: null };

export function watchUsage(own: Engine, addresses: Addresses): UsageWatch {
  const known = new Map<string, Asked>();
  const drop = (nodeId: string) => {
    const asked = known.get(nodeId);
    known.delete(nodeId);
    if (asked?.engine !== own) void asked?.engine?.close();
  };
  const askedAt = (nodeId: string, host: string, isOwn: boolean) => {
    const before = known.get(nodeId);
    if (before?.host === host) return before;
    drop(nodeId);
    const engine = isOwn ? own : engineOfNode(host);
    const asked: Asked = { host, engine, meter: statsMeter(), isBusy: false, notBefore: 0 };
    known.set(nodeId, asked);
    return asked;
  };
  return {
    follow: (all, nodes, ownId) => {
      const there = new Set(nodes.map(({ ID }) => ID));
      for (const nodeId of known.keys()) if (!there.has(nodeId)) drop(nodeId);
      for (const node of nodes) {
        const host = node.ID === ownId ? own.host : addresses.of(node);
        if (host === null) continue;
        const running = all.filter(({ nodeId, state }) => nodeId === node.ID && state === 'running');
        void ask(
          askedAt(node.ID, host, node.ID === ownId),
          running.map(({ containerId }) => containerId).filter((id) => id !== ''),
        );
      }
    },
    of: ({ nodeId, containerId }) => known.get(nodeId)?.meter.of(containerId) ?? UNKNOWN,
    close: () => {
      for (const nodeId of known.keys()) drop(nodeId);
    },
  };
}

/** Asks an engine of these containers, unless it is too soon or it is being asked. Never rejects. */
async function ask(asked: Asked, containers: readonly string[]): Promise<void> {
  const { engine } = asked;
  if (engine === null || asked.isBusy || performance.now() < asked.notBefore) return;
  asked.isBusy = true;
  const from = performance.now();
  asked.meter.keep(new Set(containers));
  const left = [...containers];
  let isAway = false;
  const query = { stream: false, 'one-shot': true };
  const lane = async () => {
    for (let id = left.pop(); id !== undefined && !isAway; id = left.pop()) {
      try {
        asked.meter.add(id, await engine.get(`/containers/${id}/stats`, Stats, { query, timeoutMs: PATIENCE_MS }));
      } catch (error) {
        isAway ||= !isGone(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  // What nobody measures any more is not known any more.
  if (isAway) asked.meter = statsMeter();
  asked.notBefore = isAway ? performance.now() + AWAY_MS : from + EVERY_MS;
  asked.isBusy = false;
}

/** The container has ended meanwhile: the engine itself is there. */
function isGone(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'not-found' || (error as { code?: unknown }).code === 'conflict';
}
