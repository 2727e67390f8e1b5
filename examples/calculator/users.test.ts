// Pretend users against servers of all kinds: when they come, what they count, and that they end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { arrivals, createRandom } from './users/arrivals.ts';
import { createTally } from './users/tally.ts';
import type { UserResult } from './users/turn.ts';
import { describeSummary, pretendUsers } from './users.ts';

async function serverThat(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const fine: RequestListener = (_request, response) => {
  response.writeHead(200, { server: 'awesome-app', 'content-type': 'application/json' }).end('{}');
};

function failing(status: number, server: string): RequestListener {
  return (_request, response) => response.writeHead(status, { server }).end('{}');
}

function users(url: string, ms: number, more: Partial<Parameters<typeof pretendUsers>[0]> = {}) {
  return pretendUsers({ url, ratePerSecond: 200, signal: AbortSignal.timeout(ms), seed: 1, ...more });
}

describe('what is counted', () => {
  it.each([
    ['fine', fine, { failed: 0, dropped: 0 }],
    ['a refusal', failing(422, 'awesome-app'), { failed: 0, dropped: 0 }],
    ['a failure of a service', failing(502, 'awesome-app'), { failed: 1, dropped: 0 }],
    ['a service that nobody reached', failing(503, 'awesome-app'), { failed: 1, dropped: 1 }],
    ['a failure of whatever stands in front', failing(502, 'proxy'), { failed: 1, dropped: 1 }],
  ])('%s', async (_name, listener, each) => {
    const { requests, answered, failed, dropped } = await users(await serverThat(listener), 300);
    expect(requests).toBeGreaterThan(20);
    expect({ answered, failed, dropped }).toEqual({
      answered: requests,
      failed: each.failed * requests,
      dropped: each.dropped * requests,
    });
  });

  it.each([
    ['a connection that is cut', (request) => request.socket.destroy()],
    ['an answer that is cut', (request, response) => response.write('{', () => request.socket.destroy())],
  ] satisfies [string, RequestListener][])('%s as dropped', async (_name, listener) => {
    const summary = await users(await serverThat(listener), 300);
    expect(summary).toMatchObject({
      answered: 0,
      failed: summary.requests,
      dropped: summary.requests,
      latencyMs: null,
    });
  });

  it('a server that nobody listens on, or that never answers, as dropped', async () => {
    expect(await users('http://127.0.0.1:9', 200)).toMatchObject({ answered: 0 });
    const silent = await users(await serverThat(() => {}), 100, { timeoutMs: 200 });
    expect(silent.dropped).toBe(silent.requests);
  });

  it('arrivals above the limit of open requests as not sent', async () => {
    const summary = await users(await serverThat(() => {}), 300, { timeoutMs: 500, maxInFlight: 5 });
    expect(summary.requests).toBe(5);
    expect(summary.skipped).toBeGreaterThan(20);
  });

  it('which version of each service answered', async () => {
    const url = await serverThat((_request, response) => {
      response.writeHead(200, { 'x-friday-version': '3', 'content-type': 'application/json' });
      response.end('{"answeredBy":{"maths":"7","greetings":null}}');
    });
    const results: UserResult[] = [];
    await users(url, 200, { onResult: (result) => results.push(result) });
    expect(results[0]?.answeredBy).toEqual({ 'awesome-app': '3', maths: '7' });
  });
});

describe('how they behave', () => {
  it('keep their cookies, and like only what they were shown', async () => {
    const seen: string[] = [];
    const url = await serverThat((request, response) => {
      seen.push(`${request.url} ${request.headers.cookie ?? ''}`);
      response.setHeader('set-cookie', ['friday=x1; Path=/; HttpOnly', 'b=2']);
      response.writeHead(200).end('{"variant":"b","hasLiked":false}');
    });
    await users(url, 800, { ratePerSecond: 400 });
    expect(seen.some((line) => line.endsWith('friday=x1; b=2'))).toBe(true);
    expect(
      seen.filter((line) => line.startsWith('/api/greeting/like ')).every((line) => line.endsWith('friday=x1; b=2')),
    ).toBe(true);
  });

  it('calculate with a negative number about every fifth time', async () => {
    const paths: string[] = [];
    await users(await serverThat(fine), 800, { ratePerSecond: 800, onResult: ({ path }) => paths.push(path) });
    const calculations = paths.filter((path) => path.startsWith('/api/calculate'));
    const negative = calculations.filter((path) => path.includes('a=-'));
    expect(negative.length / calculations.length).toBeGreaterThan(0.1);
    expect(negative.length / calculations.length).toBeLessThan(0.3);
  });

  it('reuse their connections', async () => {
    const sockets = new Set<unknown>();
    const url = await serverThat((request, response) => {
      sockets.add(request.socket);
      fine(request, response);
    });
    const { requests } = await users(url, 500);
    expect(sockets.size).toBeLessThan(requests / 3);
  });

  it('come at the asked rate on average, and at a new one when it changes', async () => {
    const count = async (rate: () => number, ms: number) => {
      let arrived = 0;
      const arrive = () => {
        arrived += 1;
      };
      const signal = AbortSignal.timeout(ms);
      await arrivals({ rate, random: createRandom(3), signal, arrive });
      return arrived;
    };
    const steady = await count(() => 300, 1000);
    expect(steady).toBeGreaterThan(220);
    expect(steady).toBeLessThan(380);
    const started = performance.now();
    const rising = await count(() => (performance.now() - started < 500 ? 20 : 600), 1000);
    expect(rising).toBeGreaterThan(200);
    expect(rising).toBeLessThan(420);
  });

  it('end soon after they are told to, even when none would come for an hour', async () => {
    const started = performance.now();
    await users(await serverThat(fine), 50, { ratePerSecond: 0.0001 });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the tally', () => {
  it('knows every quantile within 2 %', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.06, max: 9000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (all) => {
          const tally = createTally();
          const base = { kind: 'page', method: 'GET', path: '/', status: 200, variant: null, answeredBy: {} } as const;
          for (const ms of all) tally.count({ ...base, ms, hasFailed: false, wasDropped: false });
          const sorted = all.toSorted((a, b) => a - b);
          const { latencyMs } = tally.sum(1);
          for (const [share, got] of [
            [0.5, latencyMs?.p50],
            [0.95, latencyMs?.p95],
            [0.99, latencyMs?.p99],
          ] as const) {
            const exact = sorted[Math.ceil(share * all.length - 1e-9) - 1] ?? Number.NaN;
            expect(got).toBeGreaterThanOrEqual(exact * 0.979);
            expect(got).toBeLessThanOrEqual(exact * 1.021);
          }
        },
      ),
    );
  });

  it('is one line for people', () => {
    const latencyMs = { p50: 2.12, p95: 5, p99: 9.3, max: 30 };
    const line = describeSummary({
      seconds: 10,
      requests: 400,
      answered: 399,
      failed: 2,
      dropped: 1,
      skipped: 3,
      latencyMs,
    });
    expect(line).toBe(
      '400 requests in 10.0 s (40.0/s): 399 answered, 2 failed, 1 dropped, 3 not sent; p50 2.1 ms, p95 5.0 ms, p99 9.3 ms',
    );
  });
});

describe('node users.ts', () => {
  async function command(...args: string[]) {
    const child = spawn(process.execPath, ['users.ts', ...args], { cwd: import.meta.dirname });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const [status] = await once(child, 'close');
    return { status, output };
  }

  it('says how a server did, for people and as JSON', async () => {
    const url = await serverThat(fine);
    const people = await command(url, '--rate', '50', '--seconds', '0.5');
    expect(people).toMatchObject({ status: 0, output: expect.stringMatching(/^\d+ requests in 0\.\d s .* 0 failed/) });
    const json = await command(url, '--rate', '50', '--seconds', '0.5', '--json');
    expect(JSON.parse(json.output)).toMatchObject({ type: 'result', failed: 0 });
  });

  it('ends with status 1 when requests failed, and 2 with the usage when a parameter is wrong', async () => {
    expect((await command('http://127.0.0.1:9', '--rate', '50', '--seconds', '0.3')).status).toBe(1);
    for (const args of [[], ['nonsense'], ['http://a', '--rate', 'x'], ['http://a', '--colour', 'red']]) {
      expect(await command(...args)).toMatchObject({ status: 2, output: expect.stringContaining('node users.ts URL') });
    }
  });
});
