// The HTTP base that all three services carry: what it answers, what it refuses, and how it stops.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { keepingLog, serve, until } from '../../test-servers.ts';
import { type App, type Route, startServer } from './server.ts';

const hello: Route = { method: 'GET', path: '/hello', handle: ({ query }) => ({ json: { hello: query.get('name') } }) };
const echo: Route = { method: 'POST', path: '/echo', handle: async (request) => ({ json: await request.json() }) };
const app: App = { routes: [hello, echo], metrics: () => 'own_total 1\n' };

function post(url: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(`${url}/echo`, { method: 'POST', headers: { 'content-type': type }, body });
}

/** One bare connection and everything that came over it. */
async function dial(url: string): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> {
  let text = '';
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return { socket, text: () => text, closed };
}

describe('answers', () => {
  it('gives JSON, signed with the name of the service', async () => {
    const { url } = await serve('maths', app);
    const response = await fetch(`${url}/hello?name=Ada%20%26%20Bob`);
    expect(response.headers.get('server')).toBe('maths');
    expect(await response.json()).toEqual({ hello: 'Ada & Bob' });
  });

  it('gives HEAD the headers of GET and no body', async () => {
    const { url } = await serve('maths', app);
    const response = await fetch(`${url}/hello?name=Ada`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('15');
    expect(await response.text()).toBe('');
  });

  it('says what there is when nothing is at a path, and what a path answers when the method is wrong', async () => {
    const { url } = await serve('maths', app);
    const missing = await fetch(`${url}/nothing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    expect(await missing.json()).toMatchObject({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: 'There is nothing at /nothing. There is: /hello, /echo, /health, /metrics.',
    });
    const wrong = await fetch(`${url}/hello`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('takes a JSON body and refuses another type, broken JSON and more than 10 kB', async () => {
    const { url } = await serve('maths', app);
    expect(await (await post(url, '{"a":[1,"ü"]}')).json()).toEqual({ a: [1, 'ü'] });
    expect((await post(url, '{}', 'text/plain')).status).toBe(415);
    expect((await post(url, '{"a":')).status).toBe(400);
    expect((await post(url, JSON.stringify('x'.repeat(20_000)))).status).toBe(413);
  });

  it('answers a bug with 500 and logs one line with its stack', async () => {
    const bug: Route = { method: 'GET', path: '/bug', handle: () => JSON.parse('{').x };
    const { url, lines } = await serve('maths', { routes: [bug] });
    const response = await fetch(`${url}/bug`, { headers: { traceparent: '00-abc-def-01' } });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ title: 'Internal error', status: 500 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'error', msg: 'GET /bug failed', members: { trace: '00-abc-def-01' } });
    expect(lines[0]?.members.stack).toMatch(/^SyntaxError: .*\n {4}at /);
  });

  it('is silent about requests unless it is asked to log all', async () => {
    const silent = await serve('maths', app);
    await (await fetch(`${silent.url}/hello`)).text();
    const loud = await serve('maths', app, true);
    await (await fetch(`${loud.url}/hello`)).text();
    await until(() => loud.lines.length > 0);
    expect(silent.lines).toEqual([]);
    expect(loud.lines[0]?.msg).toBe('GET /hello 200');
  });

  it('counts requests by route and status, unknown paths as one', async () => {
    const { url } = await serve('maths', app);
    for (const path of ['/hello', '/hello', '/x', '/y']) await (await fetch(url + path)).text();
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('http_requests_total{method="GET",route="/hello",status="200"} 2\n');
    expect(text).toContain('http_requests_total{method="other",route="none",status="404"} 2\n');
    expect(text).toContain('http_request_duration_seconds_bucket{route="/hello",le="+Inf"} 2\n');
    expect(text).toContain('own_total 1\n');
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.e+-]+)$/);
    }
  });

  it('does not start on a port that is taken', async () => {
    const { server } = await serve('maths', app);
    const options = {
      name: 'maths',
      app,
      host: '127.0.0.1',
      port: server.port,
      log: keepingLog(),
      isLoggingAll: false,
    };
    await expect(startServer(options)).rejects.toThrow('EADDRINUSE');
  });
});

describe('stop', () => {
  it('finishes open requests, closes the app after them, and accepts no connection', async () => {
    const events: string[] = [];
    const handle = async () => {
      await sleep(300);
      events.push('answered');
      return { json: 'done' };
    };
    const slow: Route = { method: 'GET', path: '/slow', handle };
    const { url, server } = await serve('maths', { routes: [slow], close: async () => void events.push('closed') });
    const open = fetch(`${url}/slow`).then((response) => response.json());
    await sleep(50);
    const stopped = server.stop({ lingerMs: 50, graceMs: 5000 });
    await sleep(20);
    await expect(fetch(`${url}/slow`)).rejects.toThrow();
    expect(await open).toBe('done');
    await stopped;
    expect(events).toEqual(['answered', 'closed']);
  });

  it('answers one more request on an idle connection, with connection: close', async () => {
    const { url, server } = await serve('maths', app);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = async () => {
      const [response] = await once(request(`${url}/hello`, { agent }).end(), 'response');
      response.resume();
      await once(response, 'end');
      return [response.statusCode, response.headers.connection];
    };
    expect(await get()).toEqual([200, 'keep-alive']);
    await sleep(10);
    const stopped = server.stop({ lingerMs: 400, graceMs: 5000 });
    await sleep(50);
    expect(await get()).toEqual([200, 'close']);
    await stopped;
    agent.destroy();
  });

  it('closes connections that stay silent after the linger time, used or not', async () => {
    const { url, server } = await serve('maths', app);
    const fresh = await dial(url);
    const used = await dial(url);
    used.socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => used.text().includes('{"status":"ok"}'));
    const started = performance.now();
    await server.stop({ lingerMs: 100, graceMs: 5000 });
    await Promise.all([fresh.closed, used.closed]);
    const ms = performance.now() - started;
    expect(ms).toBeGreaterThan(90);
    expect(ms).toBeLessThan(2000);
  });

  it('cuts what is still open after the grace time', async () => {
    const never: Route = { method: 'GET', path: '/never', handle: () => new Promise(() => {}) };
    const { url, server } = await serve('maths', { routes: [never] });
    const { socket, closed } = await dial(url);
    socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(50);
    await server.stop({ lingerMs: 10, graceMs: 200 });
    await closed;
  });

  it('may be asked for twice', async () => {
    const { server } = await serve('maths', app);
    await Promise.all([server.stop({ lingerMs: 0, graceMs: 100 }), server.stop({ lingerMs: 0, graceMs: 100 })]);
  });
});
