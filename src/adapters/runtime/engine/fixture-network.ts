// Addresses of a private Docker Engine: a bridge whose name is the claim on its subnets, freed when its owner died.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type TestNetwork = {
  readonly bridge: string;
  /** Subnet of the engine's default bridge. */
  readonly subnet: string;
  /** Where its further networks get their subnets. */
  readonly pool: string;
};

const ENGINES = 32;

function networkOf(index: number): TestNetwork & { readonly gateway: string } {
  const gateway = `10.213.${index}.1/24`;
  return { bridge: `frd${index}`, gateway, subnet: `10.213.${index}.0/24`, pool: `10.${214 + index}.0.0/16` };
}

/** Claims free addresses, whoever else starts engines at the same time. */
export async function addNetwork(): Promise<TestNetwork> {
  for (let index = 0; index < ENGINES; index += 1) {
    const network = networkOf(index);
    const { bridge } = network;
    if (isAbandoned(bridge)) await dropNetwork(network);
    if (!(await claim(bridge))) continue;
    await run('ip', ['address', 'add', network.gateway, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    await forwarding('-I', network);
    return network;
  }
  throw new Error(`All ${ENGINES} places for private engines are taken: ip link show type bridge`);
}

/** Frees them, and removes the bridges of networks that nobody removed. */
export async function dropNetwork(network: TestNetwork): Promise<void> {
  await forwarding('-D', network);
  const left = await bridgesIn(network.pool);
  for (const bridge of [...left, network.bridge]) await run('ip', ['link', 'delete', bridge]).catch(() => undefined);
}

async function claim(bridge: string): Promise<boolean> {
  try {
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  } catch {
    return false;
  }
  writeFileSync(`/sys/class/net/${bridge}/ifalias`, String(process.pid));
  return true;
}

function isAbandoned(bridge: string): boolean {
  try {
    const pid = Number(readFileSync(`/sys/class/net/${bridge}/ifalias`, 'utf8'));
    if (!(pid > 0)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Another engine of this machine may have closed the way between containers of one network. */
async function forwarding(what: '-I' | '-D', { subnet, pool }: TestNetwork): Promise<void> {
  for (const range of [subnet, pool]) {
    await run('iptables', ['-w', what, 'FORWARD', '-s', range, '-d', range, '-j', 'ACCEPT']).catch(() => undefined);
  }
}

async function bridgesIn(pool: string): Promise<string[]> {
  const prefix = pool.split('.').slice(0, 2).join('.');
  const { stdout } = await run('ip', ['-o', '-4', 'address', 'show']);
  return stdout
    .split('\n')
    .map((line) => /^\d+: (br-\S+)\s+inet (\S+)/.exec(line))
    .filter((match) => match?.[2]?.startsWith(`${prefix}.`))
    .map((match) => match?.[1] ?? '');
}
