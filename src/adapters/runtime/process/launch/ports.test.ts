// Tests of choosing ports.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isFree, portsIn } from './ports.ts';

describe('ports', () => {
  const servers: Server[] = [];
  const occupy = (host: string, port: number) =>
    new Promise<void>((resolve) => {
      servers.push(createServer().listen(port, host, resolve));
    });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const range = { first: 25_000, last: 25_009 };
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
    await occupy('127.0.0.1', 25_001);
    await occupy('0.0.0.0', 25_002);
    await occupy('::1', 25_003);
    const ports = portsIn({ first: 25_000, last: 25_004 }, 0);
    expect(await ports.take((port) => port === 25_000)).toBe(25_004);
    expect(await isFree(25_001)).toBe(false);
    expect(await isFree(25_004)).toBe(true);
  });
});
