// `npm run bench:dataplane`: both balancers beside other proxies, in one interleaved run; and whether weights and counts are right.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exactness, measureExactness } from './dataplane/exact.ts';
import { type Options, readOptions, USAGE } from './dataplane/options.ts';
import { type Result, reportOf, writeReadme } from './dataplane/report.ts';
import { measureSpeed, measureSteady } from './dataplane/speed.ts';
import { compileSteady } from './dataplane/steady.ts';
import { lackOf, type Name, type Running, startTarget } from './dataplane/targets.ts';
import { describeMachine, installPeers, requirePrograms } from './proxy/tools.ts';
import { startUpstream } from './proxy/upstream.ts';
import { commandOf, runBench } from './run.ts';

const say = (words: string) => console.error(words);

async function bench(options: Options, signal: AbortSignal): Promise<Result> {
  if (options.isInstalled) await installPeers();
  requirePrograms(['wrk', 'cc']);
  await using cleanup = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'friday-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'counts');
  const upstream = await startUpstream(dir, cleanup, file);
  const load = await compileSteady(dir);
  const threads = availableParallelism();
  const left: { name: Name; why: string }[] = [];
  const all: Running[] = [];
  for (const name of options.targets) {
    signal.throwIfAborted();
    const why = lackOf(name);
    say(why === null ? `starting ${name}` : `${name} is left out: ${why}`);
    if (why !== null) left.push({ name, why });
    else {
      const running = await startTarget(name, { dir, upstream, threads, cleanup });
      await requireAnswer(running);
      all.push(running);
    }
  }
  const rounds = await measureSpeed(all, options, signal, say);
  const steady = await measureSteady(all, load, options, signal, say);
  const exactness: Exactness[] = [];
  for (const { ours } of all) {
    if (!ours) continue;
    say(`weights and counts of ${ours.kind}`);
    exactness.push(await measureExactness(ours, { file, load, options, signal }));
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    command: commandOf('dataplane'),
    machine: await describeMachine(),
    threads,
    options,
    targets: all.map(({ name, version }) => ({ name, version })),
    left,
    rounds,
    steady,
    exactness,
  };
}

/** What answers something else must not be measured. */
async function requireAnswer({ name, port }: Running): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/hello`);
  const body = await response.text();
  if (response.status !== 200 || !body.includes('world'))
    throw new Error(`${name} answered ${response.status} ${body}`);
}

await runBench('dataplane', USAGE, readOptions, async (options, signal) => {
  const result = await bench(options, signal);
  if (options.isWritten) await writeReadme(result);
  if (options.isJson) {
    console.log(JSON.stringify({ ...result, rounds: result.rounds.map((one) => Object.fromEntries(one)) }, null, 2));
  } else console.log(`\n${reportOf(result)}`);
});
