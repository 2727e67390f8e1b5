// The table of what runs, at three widths and in every state.
import { describe, expect, it } from 'vitest';
import { MINUTE, NOON, ramping, service, status } from '../../../test/cli/views.ts';
import type { InstanceView, StatusView } from '../../api/views.ts';
import { widthOf } from '../output/text.ts';
import { serviceScreen, statusScreen } from './status.ts';

const troubled = status({
  services: [
    ...status().services,
    service('a-service-with-a-very-long-name-indeed', {
      state: 'down',
      ready: 0,
      sentence: 'v17 of a-service has no ready instance: GET http://127.0.0.1:4101/up answered 503.',
    }),
    service('old', { state: 'stopped', ready: 0, wanted: 0, traffic: null, cpu: null, memory: null }),
    service('half', { state: 'degraded', ready: 1, sentence: 'v17 of half: 1 of 2 instances are ready.' }),
  ],
  problems: ['The balancer does not answer: connect ECONNREFUSED 127.0.0.1:4444.'],
});

const views: Readonly<Record<string, StatusView>> = {
  usual: status(),
  troubled,
  empty: status({ services: [], releases: [], listening: [] }),
};

function instance(slot: number, over: Partial<InstanceView> = {}): InstanceView {
  return {
    id: `api-v42-${slot}`,
    handle: '4711',
    version: 42,
    state: 'ready',
    role: 'stable',
    address: '127.0.0.1:4101',
    startedAt: NOON,
    reason: '',
    cpu: 0.1,
    memory: 51_000_000,
    restarts: 0,
    ...over,
  };
}

describe('the status of everything', () => {
  it('says that the balancer is still that of another version', () => {
    const shown = (version: string) =>
      statusScreen(status({ balancer: { version, pid: 7 } }), { width: 120, color: false }).join('\n');
    expect(shown('0.0.9')).toContain(
      '▲ The balancer still is that of friday 0.0.9; this is 0.1.0. What to do: friday doctor',
    );
    expect(shown('0.1.0')).not.toContain('balancer');
  });

  for (const [name, view] of Object.entries(views)) {
    it.each([60, 80, 120])(`${name} at %i columns`, async (width) => {
      const lines = statusScreen(view, { width, color: false });
      // Commands to copy are never cut.
      const cuttable = lines.filter((line) => !line.startsWith('  friday '));
      expect(Math.max(...cuttable.map(widthOf))).toBeLessThanOrEqual(width);
      await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/status-${name}-${width}.txt`);
    });
  }

  it('puts trouble first, then what moves, then names', () => {
    const names = statusScreen(troubled, { width: 200, color: false })
      .map((line) => /^ {2}[✓▲✕◉○] ([a-z-]+) /.exec(line)?.[1])
      .filter((name) => name !== undefined && troubled.services.some((one) => one.name === name));
    expect(names).toEqual(['a-service-with-a-very-long-name-indeed', 'half', 'api', 'web', 'worker', 'old']);
  });
});

describe('a version that is still compared after its promotion', () => {
  const sentence = 'v42 of api has 95%; v41 keeps 5% until 12:10 to compare.';
  const until = NOON + 10 * MINUTE;
  const watch = { release: 7, version: 42, from: 41, weight: 95, holdBack: 5, since: NOON, until };
  const instances = [instance(1), instance(3, { id: 'api-v41-1', version: 41, role: 'warm' })];
  const view = service('api', { version: 42, sentence, watch, instances });

  it('is told with its shares, though all is well', () => {
    expect(statusScreen(status({ services: [view] }), { width: 100, color: false })).toContain(`  ✓ ${sentence}`);
    const quiet = service('api', { version: 42, sentence });
    expect(statusScreen(status({ services: [quiet] }), { width: 100, color: false })).not.toContain(`  ✓ ${sentence}`);
  });

  it('stands beside instances that are no longer only kept warm', () => {
    const screen = (one: typeof view) => serviceScreen(one, { width: 100, color: false, now: NOON }).join('\n');
    expect(screen(view)).toMatch(/✓ api-v41-1 +compared/);
    expect(screen({ ...view, watch: null })).toMatch(/○ api-v41-1 +kept warm/);
  });
});

describe('what the file names no more', () => {
  const gone = service('gone', { state: 'stopped', isRemoved: true, ready: 0, wanted: 0 });
  const screen = (one: typeof gone) =>
    statusScreen(status({ services: [one] }), { width: 80, color: false }).join('\n');

  it('is left out once it has stopped', () => {
    expect(screen(gone)).not.toContain('gone');
    expect(screen({ ...gone, isRemoved: false })).toContain('gone');
  });

  it('is shown while it still finishes its requests', () => {
    expect(screen({ ...gone, instances: [instance(1)] })).toContain('gone');
  });
});

describe('the status of one service', () => {
  const view = service('api', {
    state: 'degraded',
    ready: 1,
    sentence: 'v42 of api: 1 of 2 instances are ready.',
    instances: [
      instance(1),
      instance(2, { state: 'starting', reason: 'GET http://127.0.0.1:4101/up answered 503', restarts: 2 }),
      instance(3, { id: 'api-v41-1', version: 41, role: 'warm' }),
      instance(4, { id: 'api-v40-1', version: 40, role: 'leaving' }),
    ],
  });

  it.each([60, 80, 120])('at %i columns', async (width) => {
    const lastLines = [
      'Error: connect ECONNREFUSED 10.0.0.7:5432',
      '    at TCPConnectWrap.afterConnect (node:net:1611:16)',
    ];
    const lines = serviceScreen(view, { width, color: false, now: NOON + 66 * MINUTE, lastLines });
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/service-${width}.txt`);
  });

  it('is told in a line below all services while an instance is drained', () => {
    const drained = { by: 'anna', until: NOON + 60 * MINUTE, outSince: NOON };
    const sentence = 'v42 of api: 2 of 2 instances are ready; api-v42-1 is drained until 13:00.';
    const screen = (rest: Partial<InstanceView>) => {
      const services = [service('api', { sentence, instances: [instance(1, rest)] })];
      return statusScreen(status({ services }), { width: 100, color: false }).join('\n');
    };
    expect(screen({ role: 'drained', drained })).toContain(`✓ ${sentence}`);
    expect(screen({})).not.toContain(sentence);
  });

  it('tells a drained instance apart, and until when it runs on', () => {
    const until = new Date(2026, 10, 21, 14, 5).getTime();
    const drained = { by: 'anna', until, outSince: NOON };
    const rows = (one: InstanceView) =>
      serviceScreen({ ...view, instances: [one] }, { width: 100, color: false, now: NOON }).join('\n');
    expect(rows(instance(1, { role: 'drained', drained }))).toMatch(/▽ api-v42-1 +drained until 14:05 /);
    expect(rows(instance(1, { drained: { ...drained, outSince: null } }))).toMatch(/▽ api-v42-1 +to be drained /);
    expect(rows(instance(1, { role: 'drained', state: 'stopping', drained }))).toMatch(/○ api-v42-1 +stopping /);
  });

  it.each([60, 80])('with a release that waits for a yes, at %i columns', async (width) => {
    const release = ramping({ state: 'waiting_for_approval', sentence: 'v42 of api waits for a yes before 50%.' });
    const over = { state: 'releasing', candidate: 42, release: release.id, sentence: release.sentence } as const;
    const lines = serviceScreen(service('api', over), { width, color: false, now: NOON, release });
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/service-releasing-${width}.txt`);
  });

  it('says between which bounds it scales, how many are wanted, and why', () => {
    const target = { inflight: 20, rate: null, cpu: null };
    const sentence = '63 open requests, 20 wanted for each.';
    const scale = { min: 2, max: 6, wanted: 4, candidate: null, target, sentence };
    const screen = (one: typeof scale | (Omit<typeof scale, 'candidate'> & { candidate: number })) =>
      serviceScreen(service('api', { scale: one }), { width: 100, color: false, now: NOON });
    expect(screen(scale)).toContain(`  2 to 6 instances, 4 wanted. ${sentence}`);
    expect(screen({ ...scale, candidate: 2 })).toContain(
      `  2 to 6 instances, 4 and 2 of the candidate wanted. ${sentence}`,
    );
  });

  it('offers to go back when nothing serves', () => {
    const down = service('api', { state: 'down', ready: 0, sentence: 'v42 of api: 0 of 2 instances are ready.' });
    const lines = serviceScreen(down, { width: 80, color: false, now: NOON });
    expect(lines.join('\n')).toContain('friday rollback api   the version before, now');
  });

  it('offers to start what is stopped', () => {
    const stopped = service('api', {
      state: 'stopped',
      ready: 0,
      wanted: 0,
      traffic: null,
      sentence: 'api is stopped.',
    });
    expect(serviceScreen(stopped, { width: 80, color: false, now: NOON }).join('\n')).toContain(
      'friday up api   start it again',
    );
  });
});
