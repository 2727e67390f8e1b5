// The embedded proxy as the product runs it: a process of its own, started by its adapter, amid a release, counts being read.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedBalancer } from '../../src/adapters/balancer/embedded/balancer.ts';
import { type ArmCount, type Cell, type Cursor, failuresOf, type Table } from '../../src/core/traffic.ts';
import type { Balancer } from '../../src/ports/balancer.ts';
import { folderAt } from '../../src/proxy/folder.ts';
import { freePort } from './free-port.ts';
import type { Ground, Observed, Running } from './targets.ts';
import type { Upstream } from './upstream.ts';

const SERVICE = 'web';
const WEIGHT = 10;
/** As often as the control plane looks. */
const READ_MS = 1000;
const SETTLE_MS = 10_000;

/** One service in the middle of a release: two versions with two instances each, a tenth of the requests to the candidate. */
function tableOf(internalPort: number, { ports }: Upstream): Table {
  const target = (id: string, port: number) => ({ id, host: '127.0.0.1', port });
  return {
    revision: 1,
    listen: [{ host: '127.0.0.1', port: 0 }],
    services: [
      {
        service: SERVICE,
        routes: [{ host: '*', path: '/' }],
        internalPort,
        isSticky: false,
        salt: 'bench',
        epoch: 1,
        weight: WEIGHT,
        stable: { version: 1, targets: [target('web-1-a', ports[0]), target('web-1-b', ports[1])] },
        candidate: { version: 2, targets: [target('web-2-a', ports[2]), target('web-2-b', ports[3])] },
        isComing: false,
        limits: { deadlineMs: 5000, timeoutMs: 60_000, holdRequests: 100, holdMs: 10_000 },
      },
    ],
  };
}

export async function startEmbedded({ dir, upstream, cleanup }: Ground): Promise<Omit<Running, 'name'>> {
  const folder = join(dir, 'balancer');
  const balancer = embeddedBalancer({ dir: folder });
  cleanup.defer(() => balancer.stop(0));
  await balancer.apply(tableOf(await freePort(), upstream));
  const { listening } = await balancer.look();
  const port = listening[0]?.port;
  if (port === undefined) throw new Error('The embedded proxy listens nowhere.');
  const reader = readCounts(balancer);
  cleanup.defer(() => reader.stop());
  const pid = Number(await readFile(folderAt(folder).pid, 'utf8'));
  return { port, pid, settle: () => reader.settle() };
}

/** Reads the counts once a second, as the control plane does, and adds them up. */
function readCounts(balancer: Balancer) {
  const sums = { requests: 0, candidate: 0, failures: 0 };
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
    /** Waits until every request up to now is counted. */
    async settle(): Promise<Observed> {
      const lastTick = Math.ceil(Date.now() / 1000);
      const until = performance.now() + SETTLE_MS;
      while (closedUpTo < lastTick && performance.now() < until) await sleep(100);
      if (failure !== null) throw failure;
      const { requests, candidate, failures } = sums;
      return { requests, candidateShare: requests === 0 ? 0 : candidate / requests, failures };
    },
  };
}

function addCell(sums: { requests: number; candidate: number; failures: number }, cell: Cell): void {
  const count = (arm: ArmCount | null) => arm?.requests ?? 0;
  const failures = (arm: ArmCount | null) => (arm === null ? 0 : failuresOf(arm));
  sums.requests += count(cell.stable) + count(cell.candidate) + cell.outside.requests;
  sums.candidate += count(cell.candidate);
  sums.failures += failures(cell.stable) + failures(cell.candidate) + cell.outside.failures;
}
