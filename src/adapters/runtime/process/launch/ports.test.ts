// Tests of choosing ports.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { claimPorts } from '../../../../../test/ports.ts';
import { isFree, portsIn } from './ports.ts';

const { first } = await claimPorts();

describe('ports', () => {
  const servers: Server[] = [];
  const occupy = (host: string, port: number) =>
    new Promise<void>((resolve) => {
      servers.push(createServer().listen(port, host, resolve));
    });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const range = { first, last: first + 9 };
  const none = () => false;

  it('are each given once while reserved, also when asked for at the same time', async () => {
    const ports = portsIn(range, 0.35);
    const taken = await Promise.all(Array.from({ length: 10 }, () => ports.take(none)));
    expect(new Set(taken).size).toBe(10);
    expect(taken.every((port) => port >= range.first && port <= range.last)).toBe(true);
    await expect(ports.take(none)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('that were just freed come last', async () => {
    const ports = portsIn(range, 0.999);
    const seen: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const port = await ports.take(none);
      ports.release(port);
      seen.push(port);
    }
    expect(new Set(seen).size).toBe(10);
  });

  it('of known instances and of other programs are left alone, whatever address they listen on', async () => {
    await occupy('127.0.0.1', first + 1);
    await occupy('0.0.0.0', first + 2);
    await occupy('::1', first + 3);
    const ports = portsIn({ first, last: first + 4 }, 0);
    expect(await ports.take((port) => port === first)).toBe(first + 4);
    expect(await isFree(first + 1)).toBe(false);
    expect(await isFree(first + 4)).toBe(true);
  });
});
