// A release whose control plane is killed around every commit: what SQLite keeps of its ticks gives its receipt again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ReleaseRecord } from '../../control/memory.ts';
import { verdictIn } from '../../core/evidence.ts';
import { Replay } from '../../core/ticks/replay.ts';
import type { Store } from '../../ports/store.ts';
import type { Fate } from '../../sim/crash.ts';
import { releaseIn, sendOut, served, steps, web } from '../../sim/fixture.ts';
import { sqliteStore } from './sqlite.ts';

const SPEC = web({ steps: steps([5, 50], 1500), minRequests: 10, keepWarmMs: 2000, readyTimeoutMs: 4000 });

it.each([
  ['promoted', 'before', {}],
  ['promoted', 'after', {}],
  ['rolled_back', 'before', { errorShare: 0.7 }],
  ['rolled_back', 'after', { errorShare: 0.7 }],
] as const)('a release that ends %s, each third commit of which is broken (%s)', async (phase, fate, behaviour) => {
  const folder = await mkdtemp(join(tmpdir(), 'friday-replay-'));
  const opened: Store[] = [];
  const openStore = () => {
    // What the kernel does when a process ends.
    void opened.pop()?.close();
    const store = sqliteStore({ file: join(folder, 'state.db') });
    opened.push(store);
    return store;
  };
  try {
    const run = await served(SPEC, { openStore });
    let commits = 0;
    run.fateOf = ({ port, method }): Fate => {
      if (port !== 'store' || method !== 'commit') return 'well';
      commits += 1;
      return commits % 3 === 0 ? fate : 'well';
    };
    await sendOut(run, behaviour);
    for (let second = 0; second < 25; second += 1) {
      await run.pass(1);
      if (second < 3) await run.up();
    }
    expect(run.report()).not.toMatch(/ in second /);
    const { id, phase: end } = releaseIn(run);
    expect(end).toBe(phase);
    expect(commits).toBeGreaterThan(6);

    const store = openStore();
    const documents = await store.read('release');
    const record = documents.find((one) => one.id === `${id}`)?.value as ReleaseRecord | undefined;
    const evidence = record?.evidence;
    const replay = new Replay(evidence?.judge?.params ?? expect.fail('no judge'));
    const kept = await store.ticks(id);
    for await (const ticks of kept.batches) for (const tick of ticks) replay.take(tick);
    expect(kept.count).toBe(evidence?.told);
    expect(JSON.parse(JSON.stringify(replay.judge))).toEqual(evidence?.judge);
    expect(replay.verdict()).toEqual(evidence && verdictIn(evidence));
  } finally {
    await opened.pop()?.close();
    await rm(folder, { recursive: true });
  }
});
