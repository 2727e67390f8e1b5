// Every container of a project as it is now: listed each time, looked at closely when something about it changed.
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';
import { Container, ContainerListed } from '../engine/objects.ts';
import { inParallel } from '../process/snapshot/parallel.ts';
import { Instance, markOf } from './instance.ts';
import { LABEL } from './names.ts';

export type Watched = {
  /** By container id. Failure: `unavailable`. */
  look(): Promise<ReadonlyMap<string, Instance>>;
  /** Looks closely at this one, or at all, the next time. */
  distrust(container: string | null): void;
  close(): void;
};

type Known = { readonly instance: Instance; mark: string; lookedAt: number };

/** A container is looked at closely at least so often: the list does not tell everything. */
const TRUSTED_MS = 15_000;
const AT_ONCE = 8;
/** A first answer that takes longer is reported by a later look. */
const SETTLE_MS = 5000;

export function watchContainers(
  engine: Engine,
  project: string,
  readyFile: string,
  now: () => number,
  onTurn: (id: string) => void,
): Watched {
  const known = new Map<string, Known>();
  const wasReady = readyIn(readyFile);
  let savedReady = '';
  let isSettled = false;
  let isClosed = false;

  const closely = async (listed: ContainerListed): Promise<void> => {
    const mark = markOf(listed);
    const before = known.get(listed.Id);
    if (before !== undefined && before.mark === mark && now() - before.lookedAt < TRUSTED_MS) return;
    const lookedAt = now();
    const seen = await inspect(engine, listed.Id);
    if (seen === null || isClosed) return;
    const instance = before?.instance ?? new Instance(seen, wasReady.has(listed.Id), () => onTurn(instance.id));
    if (before !== undefined) instance.update(seen);
    known.set(listed.Id, { instance, mark, lookedAt });
  };
  const look = async () => {
    const filters = JSON.stringify({ label: [`${LABEL.project}=${project}`, LABEL.instance] });
    const listed = await engine.get('/containers/json', z.array(ContainerListed), { query: { all: true, filters } });
    const there = listed.filter(({ State }) => State !== 'removing' && State !== 'dead');
    const ids = new Set(there.map(({ Id }) => Id));
    for (const [id, { instance }] of known) {
      if (ids.has(id)) continue;
      instance.close();
      known.delete(id);
    }
    await inParallel(there, AT_ONCE, closely);
    const instances = new Map([...known].map(([id, { instance }]) => [id, instance]));
    if (!isSettled) {
      isSettled = true;
      await settle([...instances.values()]);
    }
    savedReady = await saveReady(readyFile, instances, savedReady);
    return instances;
  };
  return {
    look,
    distrust: (container) => {
      for (const [id, one] of known)
        if (container === null || container === id) one.lookedAt = Number.NEGATIVE_INFINITY;
    },
    close: () => {
      isClosed = true;
      for (const { instance } of known.values()) instance.close();
      known.clear();
    },
  };
}

/** Null when it is gone. */
async function inspect(engine: Engine, id: string): Promise<Container | null> {
  try {
    return await engine.get(`/containers/${id}/json`, Container);
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return null;
    throw error;
  }
}

/** Waits for the first answers, so that what was ready is never reported as starting. */
async function settle(instances: readonly Instance[]): Promise<void> {
  const late = AbortSignal.timeout(SETTLE_MS);
  const isLate = new Promise((resolve) => late.addEventListener('abort', resolve));
  await Promise.race([Promise.all(instances.map((instance) => instance.settled())), isLate]);
}

/** Which containers were ready: after a restart of the control plane one failed question does not take them out. */
function readyIn(file: string): ReadonlySet<string> {
  try {
    return new Set(z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8'))));
  } catch {
    return new Set();
  }
}

/** What was saved. A disk that refuses it keeps nobody from serving. */
async function saveReady(file: string, all: ReadonlyMap<string, Instance>, before: string): Promise<string> {
  const text = JSON.stringify(
    [...all]
      .filter(([, one]) => one.isReady)
      .map(([id]) => id)
      .sort(),
  );
  if (text === before) return before;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    return text;
  } catch {
    return before;
  }
}
