// The machines of the tests: three nodes that are there at once, lose what they are told to lose, and leave nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { newTestSwarm } from './fixture.ts';

const links = () => readdirSync('/sys/class/net').filter((name) => name.startsWith('frs'));

describeWith('swarm', 'the Swarm of the tests', () => {
  it('has three nodes with names of their own, and leaves nothing behind', async () => {
    const swarm = await newTestSwarm();
    const bridge = `frs${swarm.gateway.split('.')[2]}`;
    const ids = await Promise.all(['n1', 'n2', 'n3'].map((name) => swarm.idOf(name)));
    expect(new Set(ids).size).toBe(3);
    expect(links()).toContain(bridge);
    await swarm.remove();
    expect(links().filter((name) => name === bridge || name.startsWith(`${bridge}v`))).toEqual([]);
    expect(existsSync(swarm.dir)).toBe(false);
  });

  it('takes away what a run left that was killed', async () => {
    const script = `import { newTestSwarm } from '${import.meta.dirname}/fixture.ts';
      const { dir, gateway } = await newTestSwarm(1);
      console.log(JSON.stringify({ dir, gateway }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { dir, gateway } = JSON.parse(line.toString()) as { dir: string; gateway: string };
    const isOver = once(child, 'exit');
    child.kill('SIGKILL');
    await isOver;
    expect(existsSync(dir)).toBe(true);
    const swarm = await newTestSwarm(1);
    // Its place may have been taken by the tests of somebody else meanwhile; its folder is gone all the same.
    expect(existsSync(dir)).toBe(false);
    expect(swarm.gateway).toMatch(/^10\.212\./);
    expect(gateway).toMatch(/^10\.212\./);
    await swarm.remove();
  });
});
