// What HAProxy says, and which slots and servers a table becomes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceTraffic, Target } from '../../../../core/traffic.ts';
import { tableOf, traffic } from '../../../../proxy/fixture.ts';
import { addressIn, routesOf, shapeOf, statesOf } from './config.ts';
import { openIn, rowsIn, workersIn } from './master.ts';
import { type Before, planOf } from './plan.ts';
import { answeredIn, askedIn, endedIn, kindIn, msOf, parted, stepOf } from './request.ts';
import { checkWords } from './saved.ts';

const KEY = '7c|1795277605|b|0123abc|GET|/a|b c';
const DEADLINE_US = 5_000_000;
const ended = (line: string) => endedIn(line, () => DEADLINE_US);

describe('what HAProxy says', () => {
  it('of its workers tells the one that takes connections from those that are ending', () => {
    const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
30500           master          1 [failed: 2]   0d00h00m03s     2.6.12-1+deb12u4
# workers
30506           worker          0               0d00h00m02s     2.6.12-1+deb12u4
# old workers
30502           worker          1               0d00h00m03s     2.6.12-1+deb12u4
# programs
`;
    expect(workersIn(text)).toEqual({ current: 30506, ending: [30502], failed: 2 });
    expect(workersIn('')).toEqual({ current: null, ending: [], failed: 0 });
  });

  it('of its tables is read, in the words of newer versions too, and signs that it escapes', () => {
    const text = `# table: asked, type: string, size:102400, used:3
0x7f92: key=7c|1795277605|b||GET|/a\\=b use=1 exp=2699 gpc0=2 conn_cnt=3
0x5615: key=x use=0 exp=2500 shard=0 gpc0=1 conn_cnt=1
`;
    expect(rowsIn(text)).toMatchObject([
      { key: '7c|1795277605|b||GET|/a=b', open: 1, values: { gpc0: 2, conn_cnt: 3 } },
      { key: 'x', open: 0, values: { gpc0: 1, conn_cnt: 1 } },
    ]);
  });

  it('of open requests is read by the names of the columns', () => {
    const text = '# pxname,svname,qcur,qmax,scur,smax,\nweb:a,i1,1,0,2,9,\nweb:b,i2,0,0,0,9,\n\n';
    expect([...openIn(text)]).toEqual([
      ['web:a/i1', 3],
      ['web:b/i2', 0],
    ]);
  });

  it('of requests tells what they have in common, and keeps their path whole', () => {
    const [group, rest] = parted(KEY);
    expect(kindIn(group)).toMatchObject({ regime: 7, arm: 'candidate', tick: 1795277605, isUploading: true });
    expect(kindIn(group)).toMatchObject({ isOutside: false, isUpgrade: false, isRefused: false, isForEvents: false });
    expect(askedIn(rest, { conn_cnt: 3, gpc0: 2 })).toMatchObject({
      clientId: '0123abc',
      method: 'GET',
      path: '/a|b c',
      starts: 3,
      answered: 2,
    });
    expect(answeredIn('|L404|2400')).toEqual({ clientId: null, status: 404, isLate: true, ms: 600.5 });
    expect(kindIn('anything')).toBeNull();
  });

  it('of times is within half a percent or 5 µs, by the same steps as its rules', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), (us) => {
        const off = Math.abs(msOf(stepOf(us)) * 1000 - us);
        expect(off).toBeLessThanOrEqual(Math.max(5, us * 0.005));
      }),
    );
  });

  it('of the end of a request is read, and other lines are not', () => {
    const trace = 'feed----';
    expect(ended(`1002920 1795277606280883 200 ---- 0 1003 i4 1795277605073352 1 ${trace} ${KEY}`)).toMatchObject({
      startedAt: 1795277605073.352,
      headMs: 1002.92,
      answer: '0123abc|200|2802',
      status: 200,
      cause: '----',
      retries: 0,
      answerMs: 1003,
      server: 'i4',
      traceId: 'feed',
    });
    expect(ended(`6000000 1795277606280883 200 ---- 0 1 i4 1795277605073352 1 ${trace} ${KEY}`)?.answer).toBe(
      '0123abc|L200|7800',
    );
    expect(ended(`- 1795277606280883 502 SC-- +1 -1 i4 1795277605073352 1 ${trace} ${KEY}`)).toMatchObject({
      headMs: null,
      answer: null,
      retries: 1,
    });
    expect(ended('- 1795277606280883 404 PR-- 0 -1 <NOSRV> - - --- ---|-')).toBeNull();
    expect(ended('')).toBeNull();
  });
});

const target = (id: string, port = 3000): Target => ({ id, host: '127.0.0.1', port });
const side = (version: number, ...targets: Target[]) => ({ version, targets });
const NONE: Before = { services: [], places: {}, servers: [], next: 1 };
const planned = (before: Before, ...services: Partial<ServiceTraffic>[]) => {
  const table = tableOf(
    1,
    services.map((one) => traffic(one)),
  );
  const plan = planOf(before, table);
  return { ...plan, services: table.services, table };
};

describe('a table for HAProxy', () => {
  it('leaves a version where it is, and gives a new one a slot that nobody has', () => {
    const first = planned(NONE, { stable: side(1, target('a')) });
    const second = planned(first, { stable: side(1, target('a')), candidate: side(2, target('b')) });
    const third = planned(second, { stable: side(2, target('b')) });
    const fourth = planned(third, { stable: side(2, target('b')), candidate: side(3, target('c')) });
    expect([first, second, third, fourth].map(({ places }) => places.web)).toMatchObject([
      { stable: 'a' },
      { stable: 'a', candidate: 'b' },
      { stable: 'b' },
      { stable: 'b' },
    ]);
    expect(fourth.places.web?.candidate).not.toBe('b');
    expect(third.leaving.map(({ id }) => id)).toEqual(['a']);
    expect(fourth.coming.map(({ id }) => id)).toEqual(['c']);
  });

  it('never gives two versions, or a version compared with itself, one slot', () => {
    let before: Before = NONE;
    for (const [stable, candidate] of [
      [1, 1],
      [1, 2],
      [3, 4],
      [4, 3],
      [5, 5],
    ] as const) {
      const used = before.servers.filter((one) => !one.isLeaving);
      const next = planned(before, {
        stable: side(stable, target(`s${stable}`)),
        candidate: side(candidate, target('c')),
      });
      const place = next.places.web;
      expect(place?.stable).not.toBe(place?.candidate);
      for (const one of next.coming) {
        const others = used.filter(({ slot, id }) => slot === one.slot && id.startsWith('s') && id !== one.id);
        expect(others.filter(({ id }) => ![`s${stable}`, `s${candidate}`].includes(id))).toEqual([]);
      }
      before = next;
    }
  });

  it('counts under another number when the weight changes, not when an instance comes', () => {
    const first = planned(NONE, { epoch: 1, stable: side(1, target('a')) });
    const second = planned(first, { epoch: 1, stable: side(1, target('a'), target('b', 3001)) });
    const third = planned(second, { epoch: 2, weight: 5, stable: side(1, target('a')) });
    const numbers = [first, second, third].map(({ places }) => places.web?.regime);
    expect(numbers[0]).toBe(numbers[1]);
    expect(numbers[1]).not.toBe(numbers[2]);
  });

  it('takes an instance back that was leaving', () => {
    const first = planned(NONE, { stable: side(1, target('a'), target('b', 3001)) });
    const second = planned(first, { stable: side(1, target('a')) });
    const third = planned(second, { stable: side(1, target('a'), target('b', 3001)) });
    expect(third.coming.map(({ name }) => name)).toEqual(second.leaving.map(({ name }) => name));
    expect(third.servers.every((one) => !one.isLeaving)).toBe(true);
  });

  it('needs a reload for services and addresses only', () => {
    const listening = [{ host: '127.0.0.1', port: 80 }];
    const shape = (one: Partial<ServiceTraffic>) => shapeOf({ table: tableOf(1, [traffic(one)]), listening });
    expect(shape({ weight: 5, routes: [], salt: 'x', stable: side(9) })).toBe(shape({}));
    expect(shape({ internalPort: 9 })).not.toBe(shape({ internalPort: 10 }));
  });

  it('says weights in shares of 2^48 and of 10,000, and routes with a slash at both ends', () => {
    const { table, places, servers } = planned(NONE, {
      weight: 0.01,
      stable: side(1),
      candidate: side(2, target('a')),
    });
    const fields = statesOf({ table, places, servers, listening: [] }).get('web')?.split('|') ?? [];
    expect(fields.slice(0, 5)).toEqual([
      '-o',
      '1',
      `${places.web?.regime}s/v1/web:a`,
      `${places.web?.regime}c/v2/web:b`,
      String(Math.ceil(2 ** 48 / 10_000)),
    ]);
    const routes = [
      { host: '*', path: '/' },
      { host: 'a.b', path: '/api/' },
    ];
    expect([...routesOf(tableOf(1, [traffic({ routes })])).keys()]).toEqual(['*/', 'a.b/api/']);
    expect(addressIn({ host: '::1', port: 80 })).toBe('ipv6@[::1]:80');
  });

  it('is refused when it holds what cannot be said to HAProxy', () => {
    for (const one of [{ service: 'a b' }, { salt: 'a|b' }, { routes: [{ host: '*', path: '/a;b' }] }]) {
      expect(() => checkWords({ table: tableOf(1, [traffic(one)]) })).toThrow(/HAProxy cannot be told/);
    }
  });
});
