// A balancer of the product in the middle of a release, as the control plane uses it: started by its adapter, counts read once a second.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedBalancer } from '../../src/adapters/balancer/embedded/balancer.ts';
import { haproxyBalancer } from '../../src/adapters/balancer/haproxy/balancer.ts';
import { type ArmCount, type Cell, type Cursor, failuresOf, type Table } from '../../src/core/traffic.ts';
import type { Balancer } from '../../src/ports/balancer.ts';
import { freePort } from '../../test/ports.ts';
import type { Upstream } from '../proxy/upstream.ts';

export type Kind = 'friday-haproxy' | 'embedded';

/** What it counted since it began. */
export type Sums = { stable: number; candidate: number; outside: number; failures: number; answers: number };

export type Ours = {
  readonly kind: Kind;
  readonly balancer: Balancer;
  readonly port: number;
  /** The processes whose trees carry the traffic and count it. */
  readonly pids: readonly number[];
  /** Resolves when the next request follows this weight. `services`: besides the one that is measured. */
  readonly change: (weight: number, services?: number) => Promise<void>;
  /** Waits until every request up to now is counted. */
  readonly counted: () => Promise<Sums>;
};

/** As often as the control plane looks. */
const READ_MS = 1000;
const SETTLE_MS = 15_000;
const SIDE_SERVICES = 2;
export const USUAL_WEIGHT = 10;

/** One service in the middle of a release: two versions with two instances each. */
export function tableAt(
  { ports }: Upstream,
  at: { readonly revision: number; readonly weight: number; readonly internalPorts: readonly number[] },
): Table {
  const target = (id: string, port: number) => ({ id, host: '127.0.0.1', port });
  const stable = { version: 1, targets: [target('web-1-a', ports[0]), target('web-1-b', ports[1])] };
  const candidate = { version: 2, targets: [target('web-2-a', ports[2]), target('web-2-b', ports[3])] };
  const limits = { deadlineMs: 5000, timeoutMs: 60_000, holdRequests: 100, holdMs: 10_000 };
  const { revision, weight } = at;
  const common = { isSticky: false, salt: 'bench', isComing: false, limits };
  return {
    revision,
    listen: [{ host: '127.0.0.1', port: 0 }],
    services: at.internalPorts.map((internalPort, i) => ({
      ...common,
      service: i === 0 ? 'web' : `side-${i}`,
      routes: i === 0 ? [{ host: '*', path: '/' }] : [],
      internalPort,
      epoch: i === 0 ? revision : 1,
      weight: i === 0 ? weight : 0,
      stable,
      candidate: i === 0 ? candidate : null,
    })),
  };
}

export async function startOurs(
  kind: Kind,
  dir: string,
  upstream: Upstream,
  cleanup: AsyncDisposableStack,
): Promise<Ours> {
  const folder = join(dir, kind);
  const balancer = kind === 'embedded' ? embeddedBalancer({ dir: folder }) : haproxyBalancer({ dir: folder });
  cleanup.defer(() => balancer.stop(0));
  const internalPorts = await Promise.all(Array.from({ length: 1 + SIDE_SERVICES }, () => freePort()));
  let revision = 0;
  const change = (weight: number, services = 0) => {
    revision += 1;
    return balancer.apply(tableAt(upstream, { revision, weight, internalPorts: internalPorts.slice(0, 1 + services) }));
  };
  await change(USUAL_WEIGHT);
  const { listening } = await balancer.look();
  const port = listening[0]?.port;
  if (port === undefined) throw new Error(`${kind} listens nowhere.`);
  const reader = readCounts(balancer);
  cleanup.defer(() => reader.stop());
  const pids = [Number(await readFile(join(folder, 'proxy.pid'), 'utf8'))];
  return { kind, balancer, port, pids, change, counted: reader.counted };
}

/** Reads the counts once a second, as the control plane does, and adds them up. */
function readCounts(balancer: Balancer) {
  const sums: Sums = { stable: 0, candidate: 0, outside: 0, failures: 0, answers: 0 };
  let cursor: Cursor | null = null;
  let closedUpTo = 0;
  let reading = Promise.resolve();
  let failure: unknown = null;
  const read = async () => {
    const seen = await balancer.observe(cursor);
    cursor = seen.cursor;
    closedUpTo = seen.closedUpTo;
    for (const cell of seen.cells) addCell(sums, cell);
  };
  const timer = setInterval(() => {
    reading = reading.then(read).catch((error) => {
      failure = error;
    });
  }, READ_MS);
  return {
    async stop() {
      clearInterval(timer);
      await reading;
    },
    async counted(): Promise<Sums> {
      const lastTick = Math.ceil(Date.now() / 1000);
      const until = performance.now() + SETTLE_MS;
      while (closedUpTo < lastTick && failure === null && performance.now() < until) await sleep(50);
      if (failure !== null) throw failure;
      return { ...sums };
    },
  };
}

function addCell(sums: Sums, cell: Cell): void {
  const count = (arm: ArmCount | null) => arm?.requests ?? 0;
  const failures = (arm: ArmCount | null) => (arm === null ? 0 : failuresOf(arm));
  sums.stable += count(cell.stable);
  sums.candidate += count(cell.candidate);
  sums.outside += cell.outside.requests;
  sums.failures += failures(cell.stable) + failures(cell.candidate) + cell.outside.failures;
  sums.answers += cell.seen.answers;
}
