// The soak: releases, rollbacks, scaling, killed instances and killed control planes under constant load, and nothing may fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RUNTIMES } from './soak/engines.ts';
import { BALANCERS, type Ground, type GroundOptions, openGround } from './soak/ground.ts';
import { runLanes } from './soak/lanes.ts';
import { createTally, type Tally } from './soak/tally.ts';

const USAGE = `npm run soak -- [--cycles 3] [--balancer embedded|haproxy] [--runtime process|docker|swarm] [--json]

  Each cycle under load (keep-alive clients, new connections, uploads, slow downloads, WebSockets):
    a good release, the control plane killed with SIGKILL in its middle and started again
    a broken release, which must be rolled back
    scaled from 2 to 3 instances and back
    an instance killed with SIGKILL
  docker and swarm: root, on an engine or three engines of its own, which end with it. Needs docker.io, iptables, iproute2.
  Ends with one line that counts. Exit status: 0 nothing failed, 1 something did, 2 wrong arguments.`;

type Progress = (words: string) => void;

async function cycle(ground: Ground, tally: Tally, say: Progress): Promise<void> {
  const good = await ground.release(false);
  await ground.until(good.id, (view) => view.weight > 0);
  await sleep(1000);
  await ground.killControl(1500);
  tally.totals.controlPlaneKills += 1;
  say(`control plane killed at ${(await ground.client.release(good.id)).weight}% and started again`);
  const promoted = await ground.until(good.id, () => false);
  if (promoted.state !== 'promoted') throw new Error(`A good release ended ${promoted.state}: ${promoted.sentence}`);
  say(promoted.sentence);
  await ground.settle();

  tally.expectErrorsFrom(`v${promoted.version + 1}`);
  const broken = await ground.release(true);
  const taken = await ground.until(broken.id, () => false);
  if (taken.state !== 'rolled_back') throw new Error(`A broken release ended ${taken.state}: ${taken.sentence}`);
  say(taken.sentence);
  await ground.settle();

  await ground.scale(3);
  await sleep(1000);
  await ground.scale(2);
  say('scaled to 3 and back');

  const killed = await ground.killInstance(tally.noteKill);
  await sleep(500);
  await ground.settle();
  say(`${killed} killed and back`);
}

async function soak(cycles: number, options: GroundOptions, say: Progress) {
  const ground = await openGround(options);
  const tally = createTally();
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  const load = runLanes(ground.port, tally, stop.signal);
  let done = 0;
  try {
    for (; done < cycles && !stop.signal.aborted; done += 1) {
      await cycle(ground, tally, (words) => say(`cycle ${done + 1} of ${cycles}: ${words}`));
    }
  } finally {
    stop.abort();
    await load;
    await ground.close();
  }
  return { type: 'result', ...options, cycles: done, ...tally.totals };
}

function oneOf<const T extends string>(flag: string, choices: readonly T[], given: string): T {
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw new TypeError(`${flag} must be one of ${choices.join(', ')}, got "${given}"`);
  return found;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cycles: { type: 'string', default: '3' },
      balancer: { type: 'string', default: 'embedded' },
      runtime: { type: 'string', default: 'process' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const cycles = Number(values.cycles);
  if (!Number.isInteger(cycles) || cycles < 1 || cycles > 10_000) {
    throw new TypeError(`--cycles must be a whole number from 1 to 10000, got "${values.cycles}"`);
  }
  const options = {
    balancer: oneOf('--balancer', BALANCERS, values.balancer),
    runtime: oneOf('--runtime', RUNTIMES, values.runtime),
  };
  const result = await soak(cycles, options, (words) =>
    console.error(`${new Date().toISOString().slice(11, 19)} ${words}`),
  );
  const { reports, ...counts } = result;
  for (const report of reports) console.error(report);
  console.log(values.json ? JSON.stringify(counts) : JSON.stringify(counts, null, 2));
  return result.failed + result.cutStreams > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError;
  console.error(isUsage ? `soak: ${error.message}\n\n${USAGE}` : error);
  process.exitCode = isUsage ? 2 : 1;
}
