// The live picture of a release, as whole screens in files and as rules about every screen.
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blames, harmfulReceipt, metric, receipt, routeMetric } from '../../../test/cli/receipts.ts';
import { arm, MINUTE, NOON, neverReady, promoted, ramping, rolledBack } from '../../../test/cli/views.ts';
import type { ReleaseView } from '../../api/views.ts';
import { widthOf } from '../output/text.ts';
import { frame } from './frame.ts';

const now = NOON + 4 * MINUTE + 12_000;
const views: Readonly<Record<string, ReleaseView>> = {
  ramping: ramping(),
  'measured-differs': ramping({ measuredWeight: 22.1, odds: '13:1' }),
  suspicious: ramping({
    odds: '24:1',
    receipt: receipt({ metrics: [metric('errors', { lnE: 3.9, odds: '49:1' }), ...receipt().metrics.slice(1)] }),
    blame: blames(),
  }),
  'many-signals': ramping({
    receipt: receipt({
      metrics: [
        ...receipt().metrics,
        routeMetric('', { metric: 'client_errors', sentence: 'Answers of 4xx: odds 1.1:1.' }),
        ...Array.from({ length: 5 }, (_, i) => routeMetric(`POST /a/very/long/route/number/${i}`, { lnE: 1 - i / 5 })),
      ],
    }),
  }),
  'rolled-back': rolledBack(),
  promoted: promoted(),
  'never-ready': neverReady(),
  'waiting-for-traffic': ramping({
    state: 'waiting_for_traffic',
    sentence: "Not enough data: v42 of api needs 560 more requests at 5%, about 62m00s at today's traffic.",
    weight: 5,
    measuredWeight: 5.2,
    step: 1,
    nextWeight: 25,
    nextInMs: null,
    neededRequests: 560,
  }),
  'waiting-for-approval': ramping({
    state: 'waiting_for_approval',
    sentence: "v42 of api waits for a person's yes before 50%.",
    nextInMs: null,
  }),
  auto: ramping({
    plan: 'auto',
    steps: [],
    step: 0,
    weight: 5,
    measuredWeight: 5.1,
    sentence: 'v42 of api gets 5% of traffic.',
    nextWeight: 15,
    nextInMs: null,
    weights: [{ at: NOON, weight: 5 }],
  }),
  'first-start': ramping({
    from: null,
    stable: null,
    plan: 'none',
    steps: [],
    state: 'starting',
    sentence: 'v42 of api starts.',
    weight: 0,
    step: -1,
    odds: null,
    limit: null,
    receipt: null,
    weights: [],
    candidate: arm(42, { requests: 0, failures: 0, errorShare: null, traffic: null }),
  }),
};

describe('the frame of a release', () => {
  for (const [name, view] of Object.entries(views)) {
    it.each([60, 80, 120])(`${name} at %i columns`, async (width) => {
      const lines = frame(view, { width, color: false, now, hasKeys: true });
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
      await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/frame-${name}-${width}.txt`);
    });
  }

  it('says the same with colour', () => {
    for (const view of Object.values(views)) {
      const plain = frame(view, { width: 80, color: false, now });
      const coloured = frame(view, { width: 80, color: true, now });
      expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(plain);
      expect(coloured.join('')).toContain('\u001b[');
    }
  });

  it('gives no command on a stage, where it would find nothing', () => {
    const many = { ...rolledBack(), blame: Array.from({ length: 9 }, () => blames()).flat() };
    for (const view of [...Object.values(views), many]) {
      const text = (isStaged: boolean) => frame(view, { width: 80, color: false, now, isStaged }).join('\n');
      expect(text(true)).not.toMatch(/friday [a-z]+ /);
      if (view === many)
        expect([text(false), text(true)]).toEqual([
          expect.stringMatching(/more kinds: friday history 42/),
          expect.stringMatching(/more kinds\n/),
        ]);
    }
  });

  it('says the asked share only when the measured one is more than a point away', () => {
    const text = (measuredWeight: number | null) =>
      frame(ramping({ measuredWeight }), { width: 80, color: false, now }).join('\n');
    expect(text(24.1)).toContain('24.1% of 412 req/s\n');
    expect(text(26.2)).toContain('26.2% of 412 req/s (asked 25%)');
    expect(text(null)).toContain('not measured yet (asked 25%)');
  });

  it('keeps its height while only numbers and sentences change', () => {
    const height = (over: Partial<ReleaseView>) => frame(ramping(over), { width: 80, color: false, now }).length;
    const silent = arm(42, { traffic: null });
    const unsure = receipt({
      sentence: 'Not enough data.',
      metrics: receipt().metrics.map((one) => metric(one.metric)),
    });
    const heights = [
      height({}),
      height({ candidate: silent, stable: silent, measuredWeight: null }),
      height({ receipt: unsure, odds: 'less than 1:1' }),
      height({ sentence: `v42 of api ${'waits for more traffic '.repeat(4)}` }),
    ];
    expect(new Set(heights).size).toBe(1);
  });

  it('says what share a promoted version has while the one before keeps some', () => {
    const watch = { release: 7, version: 42, from: 41, weight: 95, holdBack: 5, since: NOON, until: now };
    expect(frame(promoted({ watch }), { width: 80, color: false, now }).join('\n')).toContain('v42 has 95%\n');
  });

  it('tells the odds of now from the evidence of the promotion while it is watched', () => {
    const watch = { release: 7, version: 42, from: 41, weight: 95, holdBack: 5, since: NOON, until: now };
    const text = frame(promoted({ watch, odds: '65:1' }), { width: 80, color: false, now }).join(' ');
    expect(text).toContain('Odds now: 65:1 of 100:1. The bars are those of the promotion');
  });

  it('does not advise to go back to what was taken back', () => {
    const text = (by: string) => frame(promoted({ plan: 'none', by }), { width: 80, color: false, now }).join('\n');
    expect(text('ana')).toContain('friday rollback api');
    expect(text('friday')).not.toContain('friday rollback');
  });

  it('shows a version that was promoted and taken back later as that', () => {
    const text = frame(promoted({ receipt: harmfulReceipt() }), { width: 80, color: false, now }).join('\n');
    expect(text).toContain('✕ taken back');
    expect(text).toContain('v42 of api was promoted and taken back later.');
    expect(text).toContain('v41 has 100% again');
    expect(text).not.toMatch(/✓ promoted|friday rollback/);
  });

  it('shows a version that was compared with itself as compared, not as taken back', () => {
    const comparison: ReleaseView['comparison'] = {
      requests: { stable: 10, candidate: 10 },
      errors: { stable: 0, candidate: 0 },
      quantiles: [],
      tolerancePercent: 5,
      toleranceMs: 2,
      peaks: [],
    };
    const steps = [{ weight: 50, bakeMs: 60_000, needsApproval: false }];
    const over = { state: 'rolled_back', isOver: true, weight: 0, step: 0, steps, comparison } as const;
    const text = frame(ramping(over), { width: 80, color: false, now }).join('\n');
    expect(text).toContain('✓ compared');
    expect(text).toContain('● 50%  ');
    expect(text).toContain('friday plan --aa api');
    expect(text).not.toMatch(/rolled back|○ 100%|friday release/);
  });

  it('leaves room for the keys on a low terminal, and tells all at the end', () => {
    const low = frame(ramping({ blame: blames() }), { width: 80, color: false, now, hasKeys: true, rows: 24 });
    expect(low.length).toBeLessThan(24);
    expect(low.at(-2)).toMatch(/q stop watching$/);
    expect(frame(rolledBack(), { width: 80, color: false, now, rows: 10 }).join('\n')).toContain('GET /search');
  });

  it('asks in place of the keys, and says what came of one', () => {
    const lines = frame(ramping(), { width: 80, color: false, now, hasKeys: true, question: 'Roll api back to v41?' });
    expect(lines.at(-2)).toBe(' Roll api back to v41?  y yes   n no');
    const noted = frame(ramping(), { width: 80, color: false, now, hasKeys: true, note: 'api v42 cannot be paused.' });
    expect(noted.at(-3)).toBe(' api v42 cannot be paused.');
  });

  it('shows since when nothing was heard', () => {
    const lines = frame(ramping(), { width: 80, color: false, now, lostSince: now - 6000 });
    expect(lines.at(-2)).toBe(' ▲ No news for 6s, showing 12:04:06. Trying again.');
  });

  it('names no keys where none are read, and none after the end', () => {
    expect(frame(ramping(), { width: 80, color: false, now }).join('\n')).not.toContain('q stop');
    expect(frame(rolledBack(), { width: 80, color: false, now, hasKeys: true }).join('\n')).not.toContain('q stop');
  });

  it('never shows what would move the cursor or colour the terminal', () => {
    const evil = 'x\u001b[2J\u001b]0;title\u0007y\r\u009b31m';
    const view = rolledBack({
      sentence: evil,
      lastLines: [evil],
      blame: rolledBack().blame.map((one) => ({ ...one, route: `GET /${evil}`, line: evil, words: evil })),
      receipt: harmfulReceipt({ sentence: evil, metrics: [metric(evil, { sentence: evil })] }),
    });
    const text = frame(view, { width: 80, color: false, now }).join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('fits any width from 40 columns on, whatever the plan, the names and the words', () => {
    const weights = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 20 })
      .map((list) => list.sort((a, b) => a - b));
    const views = fc.record({
      weights,
      step: fc.nat(20),
      sentence: fc.lorem({ maxCount: 30 }),
      path: fc.webPath(),
      line: fc.string({ maxLength: 300, unit: 'binary' }),
      state: fc.constantFrom('ramping', 'paused', 'rolled_back', 'waiting_for_traffic', 'promoted') as fc.Arbitrary<
        ReleaseView['state']
      >,
      odds: fc.constantFrom('1:1', '13:1', 'more than 1000:1'),
      service: fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
    });
    fc.assert(
      fc.property(views, fc.integer({ min: 40, max: 140 }), ({ weights: plan, step, path, line, ...rest }, width) => {
        const view = rolledBack({
          ...rest,
          isOver: rest.state === 'rolled_back' || rest.state === 'promoted',
          plan: plan.length > 0 ? 'steps' : 'none',
          steps: plan.map((weight) => ({ weight, bakeMs: 1000, needsApproval: false })),
          step: Math.min(step, plan.length),
          blame: rolledBack().blame.map((one) => ({ ...one, route: `POST ${path}`, line })),
          receipt: harmfulReceipt({ metrics: [...harmfulReceipt().metrics, metric(`POST ${path}`)] }),
          lastLines: [line],
          weight: 25,
        });
        const lines = frame(view, { width, color: false, now, hasKeys: true });
        // Commands to copy are never cut.
        for (const text of lines.filter((one) => !one.trimStart().startsWith('friday '))) {
          expect(widthOf(text)).toBeLessThanOrEqual(width);
        }
      }),
    );
  });
});
