// maths over HTTP, and what it tells StatsD.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, until } from '../test-servers.ts';
import { createMaths } from './app.ts';
import { createStatsd } from './statsd.ts';

async function listenUdp(): Promise<{ socket: Socket; port: number; packets: string[] }> {
  const packets: string[] = [];
  const socket = createSocket('udp4', (packet) => packets.push(packet.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return { socket, port: socket.address().port, packets };
}

describe('maths', () => {
  it.each([
    ['add', '2', '0.5', 2.5],
    ['subtract', '2', '-3', 5],
    ['multiply', '-4', '2.5', -10],
    ['divide', '1', '4', 0.25],
  ])('answers /%s of %s and %s with %d', async (operation, a, b, result) => {
    const { url } = await serve('maths', createMaths(createStatsd(null)));
    const response = await fetch(`${url}/${operation}?a=${a}&b=${b}`);
    expect([response.status, await response.json()]).toEqual([200, { operation, a: Number(a), b: Number(b), result }]);
  });

  it.each([
    ['/divide?a=1&b=0', 422, 'Cannot divide by zero'],
    ['/add?a=1', 400, 'Not a number'],
    ['/add?a=x&b=1', 400, 'Not a number'],
    ['/add?a=1&a=2&b=1', 400, 'Given twice'],
    ['/power?a=1&b=1', 404, 'Not found'],
  ])('answers %s with the problem %d %s', async (path, status, title) => {
    const { url } = await serve('maths', createMaths(createStatsd(null)));
    const response = await fetch(url + path);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status, title, type: 'about:blank' });
    expect(response.status).toBe(status);
  });
});

describe('StatsD', () => {
  it('gets a counter and a timer per operation', async () => {
    const { port, packets } = await listenUdp();
    const { url } = await serve('maths', createMaths(createStatsd({ host: '127.0.0.1', port })));
    await (await fetch(`${url}/add?a=1&b=2`)).text();
    await (await fetch(`${url}/divide?a=1&b=0`)).text();
    await until(() => packets.length === 2);
    expect(packets[0]).toMatch(/^maths\.add\.count:1\|c\nmaths\.add\.time:\d+\.\d{3}\|ms$/);
    expect(packets[1]).toMatch(/^maths\.divide\.count:1\|c\nmaths\.divide\.time:\d+\.\d{3}\|ms$/);
  });

  it('fails no request when it cannot be reached, and the errors are counted', async () => {
    const { url } = await serve('maths', createMaths(createStatsd({ host: 'no-such-host.invalid', port: 8125 })));
    for (let i = 0; i < 5; i += 1) expect((await fetch(`${url}/add?a=1&b=2`)).status).toBe(200);
    await until(async () => /statsd_errors_total [1-9]/.test(await (await fetch(`${url}/metrics`)).text()));
  });

  it('fails no request when nobody listens', async () => {
    const { url } = await serve('maths', createMaths(createStatsd({ host: '127.0.0.1', port: 9 })));
    for (let i = 0; i < 20; i += 1) expect((await fetch(`${url}/add?a=1&b=2`)).status).toBe(200);
  });
});
