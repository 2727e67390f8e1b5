// Single verbs over the real API: what they order, what they answer, and what --json holds.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeView, EventView, InstanceView } from '../../src/api/views.ts';
import type { LogLine } from '../../src/ports/logs.ts';
import { type Harness, openHarness } from './harness.ts';
import { NOON, neverReady, promoted, ramping, rolledBack, service, status } from './views.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const change = (
  name: string,
  action: ChangeView['action'],
  release: number | null,
  text = 'new, 1 replica',
): ChangeView => ({
  service: name,
  action,
  text,
  version: 1,
  release,
});

describe('friday up', () => {
  beforeEach(() => {
    harness.stage.changes = [
      change('api', 'change', 42, 'c1856f3 → 7f5669d   release: 1, 5, 25, 50, 100%'),
      change('worker', 'add', null),
      change('web', 'same', null, 'no change'),
    ];
  });

  it('asks for the plan, then orders it, and ends when ramps have begun', async () => {
    harness.stage.looks = [ramping()];
    const { code, out } = await harness.run(['up', '--reason', 'friday']);
    expect(code).toBe(0);
    expect(harness.stage.told.map((one) => one.given)).toMatchObject([{ isDryRun: true }, { isDryRun: false }]);
    expect(out).toContain('  ~ api     c1856f3 → 7f5669d');
    expect(out).toContain('  ✓ api     v42 healthy, has 25% of traffic');
    expect(out).toContain('  ✓ worker  v5 healthy');
    expect(out).not.toContain('✓ web');
  });

  it('waits for verdicts with --wait, and exits 10 with the reason when one is bad', async () => {
    harness.stage.looks = [ramping(), ramping(), rolledBack()];
    const { code, out } = await harness.run(['up', '--wait']);
    expect(code).toBe(10);
    expect(out).toContain('  ✕ api     v42 rolled back');
    expect(out).toContain('  api: Errors on v42: 3.38% against 0.21%; odds 240:1, limit 100:1.');
  });

  it('shows the last words of what never became ready', async () => {
    harness.stage.looks = [neverReady()];
    const { code, out } = await harness.run(['up']);
    expect(code).toBe(10);
    expect(out).toContain('    Error: connect ECONNREFUSED 10.0.0.7:5432\n        at TCPConnectWrap');
  });

  it('gives up waiting with --timeout, and says that it goes on', async () => {
    harness.stage.looks = [ramping()];
    const { code, err } = await harness.run(['up', '--wait', '--timeout', '10s']);
    expect(code).toBe(3);
    expect(err).toContain('Not decided in 10s; it goes on.');
  });

  it('says what the control plane cannot do, and does not wait for ever', async () => {
    harness.stage.looks = [ramping({ state: 'promoting', weight: 100 })];
    harness.stage.status = status({ problems: ['Port 80 of 127.0.0.1 is taken by another process.'] });
    const { code, err } = await harness.run(['up']);
    expect(code).toBe(1);
    expect(err.match(/▲ Port 80 of 127.0.0.1 is taken by another process\./g)).toHaveLength(1);
    expect(err).toContain('It goes on as soon as what is said above is mended.');
  });

  it('passes on what it is told', async () => {
    await harness.run(['up', 'api', '--build', '--remove-orphans', '-y']);
    const given = { services: ['api'], isForced: true, removesOrphans: true };
    expect(harness.stage.told.map((one) => one.given)).toMatchObject([given, given]);
  });

  it('tells programs the plan, each service, and the result', async () => {
    harness.stage.looks = [ramping()];
    const lines = linesOf((await harness.run(['up', '--json'])).out);
    expect(lines.map((line) => line.type)).toEqual(['plan', 'service', 'service', 'result']);
    expect(lines.at(-1)).toMatchObject({ verdict: 'done', exit: 0 });
    expect(linesOf((await harness.run(['up', '--json', '-n'])).out)[0]).toMatchObject({ isDryRun: true });
  });
});

describe('friday release', () => {
  it('orders what it is told', async () => {
    await harness.run(['release', 'api', '--steps', '1,10', '--reason', 'prices', '--detach']);
    expect(harness.stage.told).toEqual([
      { order: 'release', given: { name: 'api', steps: [1, 10], reason: 'prices', by: 'ana' } },
    ]);
  });

  it('says once a minute that it goes on', async () => {
    harness.stage.looks = [ramping()];
    const { out } = await harness.run(['release', 'api', '--timeout', '150s']);
    const lines = out.trim().split('\n');
    expect(lines.slice(4).map((line) => line.slice(9))).toEqual([
      'api v42 25%         errors 0.24% vs 0.21%, p95 86ms vs 84ms; 50% in about 4 min',
      'api v42 25%         errors 0.24% vs 0.21%, p95 86ms vs 84ms; 50% in about 4 min',
    ]);
  });

  it('says only the verdict with --quiet', async () => {
    const { out, err } = await harness.run(['release', 'api', '-q']);
    expect([out, err]).toEqual(['api v42 promoted\n', '']);
  });

  it('gives programs the same fields for ever', async () => {
    harness.stage.looks = [ramping(), rolledBack()];
    const lines = linesOf((await harness.run(['release', 'api', '--json'])).out);
    const fields = Object.fromEntries(lines.map((line) => [line.type, Object.keys(line)]));
    expect(fields).toEqual({
      state: ['type', 'at', 'service', 'version', 'release', 'state', 'weight', 'sentence'],
      weight: ['type', 'at', 'service', 'version', 'release', 'state', 'weight', 'sentence'],
      result: ['type', 'at', 'service', 'version', 'release', 'verdict', 'exit', 'why', 'sentence', 'view'],
    });
  });

  it('would do, with --dry-run, and does nothing', async () => {
    for (const argv of [
      ['release', 'api'],
      ['promote', 'api'],
      ['pause', 'api'],
      ['restart', 'api'],
      ['rollback', 'api'],
      ['down'],
    ]) {
      const { code, out } = await harness.run([...argv, '--dry-run']);
      expect([argv[0], code]).toEqual([argv[0], 0]);
      expect(out).not.toBe('');
    }
    expect(harness.stage.told).toEqual([]);
  });
});

describe('without a release under way', () => {
  it.each(['promote', 'pause'])('%s --dry-run is refused as the order would be', async (verb) => {
    harness.stage.status = status({ services: [service('api')] });
    const { code, err } = await harness.run([verb, 'api', '--dry-run']);
    expect(code).toBe(1);
    expect(err).toContain(`error: no release of api is under way, so there is nothing to ${verb}`);
  });
});

const instance: InstanceView = {
  id: 'api-v42-1',
  version: 42,
  handle: 'pid 4711',
  state: 'ready',
  role: 'stable',
  address: '127.0.0.1:4711',
  startedAt: NOON,
  reason: '',
  cpu: null,
  memory: null,
  restarts: 0,
};

describe('friday drain', () => {
  const until = new Date(2026, 10, 21, 14, 5).getTime();
  const [one, other] = [1, 2].map((slot) => ({ ...instance, id: `api-v42-${slot}` }));
  const kept = {
    ...instance,
    id: 'api-v42-3',
    role: 'drained' as const,
    drained: { by: 'anna', until, outSince: NOON },
  };
  const stand = (...instances: (InstanceView | undefined)[]) => {
    const listed = instances.filter((each) => each !== undefined);
    harness.stage.status = status({ services: [service('api', { version: 42, instances: listed })] });
  };

  it('takes the one that is named out, or the only one that there is, and says until when', async () => {
    stand(one, other, kept);
    expect((await harness.run(['drain', 'api', '--instance', 'api-v42-2', '--reason', 'heap dump'])).code).toBe(0);
    stand({ ...instance, drained: { by: 'anna', until, outSince: null } });
    const again = await harness.run(['drain', 'api', '--instance', 'api-v42-1']);
    expect(again.out).toBe('  ✓ draining api-v42-1; it runs on until 14:05 at the latest\n');
    stand(one);
    expect((await harness.run(['drain', 'api'])).out).toContain('draining api-v42-1');
    expect(harness.stage.told.map(({ given }) => given)).toEqual([
      { name: 'api', instance: 'api-v42-2', act: 'out' },
      { name: 'api', instance: 'api-v42-1', act: 'out' },
      { name: 'api', instance: 'api-v42-1', act: 'out' },
    ]);
  });

  it('brings back and stops the one that is drained', async () => {
    stand(one, other, kept);
    expect((await harness.run(['drain', 'api', '--back'])).out).toContain('bringing back api-v42-3');
    expect((await harness.run(['drain', 'api', '--stop'])).out).toContain('stopping api-v42-3');
    expect((await harness.run(['drain', 'api', '--back', '--stop'])).code).toBe(2);
    expect(harness.stage.told.map(({ given }) => given)).toEqual([
      { name: 'api', instance: 'api-v42-3', act: 'back' },
      { name: 'api', instance: 'api-v42-3', act: 'stop' },
    ]);
  });

  it('asks which one where several can be meant, and would say with --dry-run', async () => {
    stand(one, other);
    const { err } = await harness.run(['drain', 'api']);
    expect(err).toContain('api has 2 instances: api-v42-1, api-v42-2');
    expect(err).toContain('friday drain api --instance api-v42-1');
    expect((await harness.run(['drain', 'api', '--stop'])).err).toContain('api has no drained instances');
    const unknown = await harness.run(['drain', 'api', '--instance', 'api-v42-9', '--dry-run']);
    expect(unknown.err).toContain('api has no instance api-v42-9');
    expect((await harness.run(['drain', 'api', '--instance', 'api-v42-2', '-n'])).out).toBe(
      '  would drain api-v42-2\n',
    );
    expect(harness.stage.told).toEqual([]);
  });
});

describe('friday restart', () => {
  it('says what is restarted, one or all', async () => {
    const instances = [1, 2].map((slot) => ({ ...instance, id: `api-v42-${slot}` }));
    harness.stage.status = status({ services: [service('api', { version: 42, instances })] });
    const { code, out } = await harness.run(['restart', 'api']);
    expect([code, out]).toEqual([0, '  ✓ restarting 2 instances of api, one after the other\n']);
    const one = await harness.run(['restart', 'api', '--instance', 'api-v42-2']);
    expect([one.code, one.out]).toEqual([0, '  ✓ restarting api-v42-2\n']);
    expect(harness.stage.told).toEqual([
      { order: 'restart', given: { name: 'api', instance: null } },
      { order: 'restart', given: { name: 'api', instance: 'api-v42-2' } },
    ]);
  });

  it('names the instances there are, with --dry-run too', async () => {
    harness.stage.status = status({ services: [service('api', { instances: [{ ...instance, id: 'api-v42-1' }] })] });
    const { code, err } = await harness.run(['restart', 'api', '--instance', 'api-v42-9', '--dry-run']);
    expect(code).toBe(2);
    expect(err).toContain('api has no instance api-v42-9; expected one of: api-v42-1');
  });
});

describe('friday promote', () => {
  it('says that stable keeps everything when it is named', async () => {
    harness.stage.looks = [ramping({ state: 'rolling_back', weight: 0 })];
    const { code, out } = await harness.run(['promote', 'api@v41']);
    expect([code, out]).toEqual([0, '  ✓ api goes back to v41; v42 loses its traffic\n']);
  });
});

describe('friday rollback', () => {
  it('says what it took, what was lost, and how to undo it', async () => {
    harness.stage.looks = [ramping({ state: 'rolling_back', weight: 0 }), rolledBack()];
    const { code, out, err } = await harness.run(['rollback', 'api', '--reason', 'too slow']);
    expect(code).toBe(0);
    expect(harness.stage.told).toEqual([
      { order: 'rollback', given: { name: 'api', version: null, reason: 'too slow' } },
    ]);
    expect(out).toMatch(
      /^ {2}✓ v41 has 100% of traffic +\S+s\n {2}✓ v42 finished its open requests and stopped; none was dropped +\S+s\n$/,
    );
    expect(err).toBe('  Undo: friday promote api@v42 --full\n');
  });

  it('goes to a version by name', async () => {
    harness.stage.looks = [promoted({ version: 39, from: 42, plan: 'none', steps: [] })];
    const { out } = await harness.run(['rollback', 'api', 'v39']);
    expect(out).toContain('✓ v39 has 100% of traffic');
    expect(harness.stage.told[0]?.given).toMatchObject({ version: 39 });
  });

  it('counts what was refused', async () => {
    harness.stage.looks = [rolledBack({ refused: 3 })];
    expect((await harness.run(['rollback', 'api'])).out).toContain(
      'v42 finished its open requests and stopped; 3 were refused',
    );
  });

  it('fails when the version to go back to does not come up', async () => {
    harness.stage.looks = [neverReady({ plan: 'none', steps: [], version: 41, from: 42 })];
    const { code, err } = await harness.run(['rollback', 'api']);
    expect(code).toBe(10);
    expect(err).toContain('its last lines:\n    Error: connect ECONNREFUSED');
  });
});

describe('friday status', () => {
  it('is watched on a terminal until q, and told in lines elsewhere', async () => {
    harness.stage.status = status({ releases: [], services: [service('web')] });
    const keys = [{ when: 'q stop watching', key: 'q' }];
    const live = await harness.run(['status', '-w'], { tty: true, keys });
    expect([live.code, live.out.includes('web')]).toEqual([0, true]);
    const told = await harness.run(['status', '-w'], { interruptWhen: 'web' });
    expect(told.code).toBe(130);
    expect(told.out).toMatch(/^\d\d:\d\d:\d\d web v17 healthy {2}v17 serves\.\n$/);
  });
});

describe('friday logs', () => {
  const line = (second: number, text: string): LogLine => ({
    at: NOON + second * 1000,
    service: 'api',
    version: 42,
    instance: 'api-v42-1',
    level: null,
    text,
  });
  beforeEach(() => {
    harness.stage.lines = [1, 2, 3].map((second) => line(second, `GET /item/${second} failed`));
  });

  it('folds repeats on a terminal, and nowhere else', async () => {
    const live = await harness.run(['logs', 'api'], { tty: true, env: { NO_COLOR: '1' } });
    expect(live.out).toContain('⋮ 2 more like this');
    expect((await harness.run(['logs', 'api'])).out.trim().split('\n')).toHaveLength(3);
    expect(linesOf((await harness.run(['logs', 'api', '--json'])).out)).toMatchObject(harness.stage.lines);
  });

  it('says how to see more', async () => {
    const { err } = await harness.run(['logs', 'api', '-n', '3'], { tty: true });
    expect(err).toBe('The last 3 lines; more: -n 30\n');
  });
});

describe('friday history', () => {
  it('gives versions and events of a service, newest first', async () => {
    const event = (seq: number): EventView => ({
      seq,
      at: NOON + seq * 1000,
      type: 'control',
      service: 'api',
      version: 42,
      release: 7,
      by: 'friday',
      sentence: `Thing ${seq} happened.`,
      data: {},
    });
    harness.stage.events = [event(1), event(2)] as never;
    const { out } = await harness.run(['history', 'api']);
    expect(out.indexOf('Thing 2')).toBeLessThan(out.indexOf('Thing 1'));
    const [answer] = linesOf((await harness.run(['history', 'api', '--json'])).out);
    expect(Object.keys(answer ?? {})).toEqual(['service', 'versions', 'releases', 'events']);
    harness.stage.events = [event(1), event(2), { ...event(3), sentence: event(2).sentence }] as never;
    const two = await harness.run(['history', 'api', '-n', '2']);
    expect(two.out.match(/Thing \d/g)).toEqual(['Thing 2', 'Thing 1']);
    const one = await harness.run(['history', 'api', '-n', '1']);
    expect(one.out.match(/Thing \d/g)).toEqual(['Thing 2']);
  });
});
