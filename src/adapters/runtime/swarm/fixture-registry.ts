// A registry on this machine, which the nodes of the test Swarm reach at their gateway.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../../../test/ports.ts';
import type { TestSwarm } from './fixture.ts';

export type TestRegistry = {
  /** `10.212.0.1:5000`, without a scheme, as in the names of images. */
  readonly address: string;
  stop(): Promise<void>;
};

const READY_MS = 30_000;

/** Its data is in the folder of the Swarm, and goes with it. */
export async function startRegistry({ dir, gateway }: TestSwarm): Promise<TestRegistry> {
  const folder = join(dir, 'registry');
  mkdirSync(folder);
  const address = `${gateway}:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: address },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  // It ends with the one who started it, should that die without a word.
  const words = ['--pdeathsig', 'TERM', 'docker-registry', 'serve', join(folder, 'config.yml')];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  const answers = () =>
    fetch(`http://${address}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (const end = Date.now() + READY_MS; !(await answers()); await wait(50)) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`The registry did not start: ${log}`);
  }
  return { address, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const isOver = once(child, 'exit');
  child.kill();
  await isOver;
}
