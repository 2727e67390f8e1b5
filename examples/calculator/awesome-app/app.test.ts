// awesome-app over HTTP, in front of the real greetings and maths, and in front of ones that fail in every way.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGreetings } from '../greetings/app.ts';
import { createClients } from '../greetings/clients.ts';
import { createMemoryCounters } from '../greetings/counters.ts';
import { createMaths } from '../maths/app.ts';
import { createStatsd } from '../maths/statsd.ts';
import { serve } from '../test-servers.ts';
import { createAwesomeApp } from './app.ts';
import { createUpstream } from './upstream.ts';

async function start({ mathsUrl, timeoutMs = 3000 }: { mathsUrl?: string; timeoutMs?: number } = {}) {
  const counters = createMemoryCounters();
  const clients = createClients(10);
  const greetings = await serve('greetings', createGreetings({ counters, clients, epsilon: 0.1, random: Math.random }));
  const maths = await serve('maths', createMaths(createStatsd(null)));
  const app = await createAwesomeApp(
    createUpstream('greetings', greetings.url, timeoutMs),
    createUpstream('maths', mathsUrl ?? maths.url, timeoutMs),
  );
  return { counters, ...(await serve('awesome-app', app)) };
}

/** Something that stands where maths should be. */
async function pretendMaths(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const SUM = '/api/calculate?operation=add&a=1&b=2';

describe('the page', () => {
  it('is one document, one style sheet and one script, and nothing from elsewhere', async () => {
    const { url } = await start();
    const html = await (await fetch(url)).text();
    const assets = [...html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets).toEqual(['/style.css', '/page.js']);
    for (const [path, type] of [
      ['/style.css', 'text/css'],
      ['/page.js', 'text/javascript'],
    ]) {
      const response = await fetch(url + path);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
      expect(await response.text()).not.toMatch(/url\(|@import|https?:/);
    }
  });

  it('is not sent again when the browser has it', async () => {
    const { url } = await start();
    const etag = (await fetch(`${url}/style.css`)).headers.get('etag') ?? '';
    const again = await fetch(`${url}/style.css`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('gives a new visitor a cookie, and none to a known one', async () => {
    const { url } = await start();
    const first = (await fetch(url)).headers.get('set-cookie') ?? '';
    expect(first).toMatch(/^calculator_client=[\w-]{36}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    const cookie = `other=1; ${first.split(';')[0]}; friday=2`;
    expect((await fetch(url, { headers: { cookie } })).headers.get('set-cookie')).toBeNull();
  });

  it('lets nothing else run in it', async () => {
    const { url } = await start();
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });
});

describe('the API', () => {
  it('calculates', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/api/calculate?operation=divide&a=-1&b=4`);
    expect(await response.json()).toEqual({
      operation: 'divide',
      a: -1,
      b: 4,
      result: -0.25,
      answeredBy: { maths: null },
    });
  });

  it.each([
    ['operation=divide&a=1&b=0', 422, 'Cannot divide by zero'],
    ['operation=add&a=one&b=0', 400, 'Not a number'],
    ['operation=add', 400, 'Not a number'],
    ['operation=power&a=1&b=0', 400, 'No such operation'],
    ['operation=../health&a=1&b=0', 400, 'No such operation'],
  ])('answers %s with the problem %d %s', async (query, status, title) => {
    const { url } = await start();
    const response = await fetch(`${url}/api/calculate?${query}`);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([response.status, await response.json()]).toMatchObject([status, { status, title, type: 'about:blank' }]);
  });

  it('greets a visitor, takes the like once, and knows the visitor by the cookie', async () => {
    const { url, counters } = await start();
    const first = await fetch(`${url}/api/greeting`);
    const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const { variant } = (await first.json()) as { variant: 'a' | 'b' };
    const like = () =>
      fetch(`${url}/api/greeting/like`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie },
        body: JSON.stringify({ variant }),
      });
    expect(await (await like()).json()).toMatchObject({ variant, isNew: true, likes: 1 });
    expect(await (await like()).json()).toMatchObject({ variant, isNew: false, likes: 1 });
    expect(await (await fetch(`${url}/api/greeting`, { headers: { cookie } })).json()).toMatchObject({
      variant,
      hasLiked: true,
    });
    expect(counters.read()[variant]).toEqual({ exposures: 1, likes: 1 });
    expect(await (await fetch(`${url}/api/counts`)).json()).toMatchObject(counters.read());
  });

  it('answers a like of nothing with the problem that greetings has with it', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/api/greeting/like`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '[]',
    });
    expect(await response.json()).toMatchObject({ status: 400, title: 'Not a greeting' });
  });

  it('passes on who asks and in which trace, and says which version answered', async () => {
    const mathsUrl = await pretendMaths(({ headers }, response) => {
      response.writeHead(200, { server: 'maths', 'x-friday-version': '42', 'content-type': 'application/json' });
      response.end(JSON.stringify({ headers }));
    });
    const { url } = await start({ mathsUrl });
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-forwarded-for': '10.1.2.3',
      'x-forwarded-proto': 'https',
      cookie: 'friday=abc',
    };
    const body = await (await fetch(url + SUM, { headers: { ...headers, authorization: 'secret' } })).json();
    expect(body).toMatchObject({ headers, answeredBy: { maths: '42' } });
    expect((body as { headers: object }).headers).not.toHaveProperty('authorization');
  });
});

describe('when maths', () => {
  it('fails, the answer is 502 and names maths, its version and its status', async () => {
    const mathsUrl = await pretendMaths((_request, response) => {
      response.writeHead(500, { server: 'maths', 'x-friday-version': '2', 'content-type': 'application/problem+json' });
      response.end('{"title":"Internal error"}');
    });
    const { url } = await start({ mathsUrl });
    const response = await fetch(url + SUM);
    expect([response.status, await response.json()]).toEqual([
      502,
      {
        type: 'about:blank',
        title: 'maths failed',
        status: 502,
        detail: 'maths answered 500: Internal error. Try again.',
        failed: { service: 'maths', status: 500 },
        answeredBy: { maths: '2' },
      },
    ]);
  });

  it('is away and a proxy says so, the answer is 503', async () => {
    const mathsUrl = await pretendMaths((_request, response) => {
      response.writeHead(502, { server: 'proxy' }).end('<h1>Bad gateway</h1>');
    });
    const { url } = await start({ mathsUrl });
    expect(await (await fetch(url + SUM)).json()).toMatchObject({
      status: 503,
      title: 'maths cannot be reached',
      detail: 'Nobody answered for maths (502). Try again.',
    });
  });

  it('cannot be reached, the answer is 503 and says why', async () => {
    const { url } = await start({ mathsUrl: 'http://127.0.0.1:9' });
    expect(await (await fetch(url + SUM)).json()).toMatchObject({
      status: 503,
      detail: expect.stringMatching(/^maths did not answer \(.+\)\. Try again\.$/),
    });
  });

  it('hangs up, the answer is 503', async () => {
    const mathsUrl = await pretendMaths((request) => request.socket.destroy());
    const { url } = await start({ mathsUrl });
    expect((await fetch(url + SUM)).status).toBe(503);
  });

  it('stops in the middle of its answer, the answer is 503', async () => {
    const mathsUrl = await pretendMaths((request, response) => {
      response.writeHead(200, { server: 'maths', 'content-length': 100 });
      response.write('{"res', () => request.socket.destroy());
    });
    const { url } = await start({ mathsUrl });
    expect((await fetch(url + SUM)).status).toBe(503);
  });

  it('does not answer in time, the answer is 504, also when only the end is missing', async () => {
    for (const begins of [false, true]) {
      const mathsUrl = await pretendMaths((_request, response) => {
        if (begins) response.writeHead(200, { server: 'maths' }).write('{');
      });
      const { url } = await start({ mathsUrl, timeoutMs: 100 });
      expect(await (await fetch(url + SUM)).json()).toMatchObject({ status: 504, title: 'maths is too slow' });
    }
  });

  it('is away, the page and the greeting are still there', async () => {
    const { url } = await start({ mathsUrl: 'http://127.0.0.1:9' });
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${url}/api/greeting`)).status).toBe(200);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
