// The report of an A/A comparison, at three widths, and what it makes of the odds.
import { describe, expect, it } from 'vitest';
import { ramping } from '../../../test/cli/views.ts';
import type { ComparisonView } from '../../api/plan-views.ts';
import { widthOf } from '../output/text.ts';
import { comparisonScreen } from './comparison.ts';

const odds = (metric: string, value: number) => ({ metric, lnE: Math.log(value), odds: `${value}:1` });

const comparison: ComparisonView = {
  requests: { stable: 14_512, candidate: 14_498 },
  errors: { stable: 0.001, candidate: 0.0011 },
  quantiles: [
    { quantile: 'p50', stableMs: 80, candidateMs: 80.9, percent: 1.1, isTolerated: true },
    { quantile: 'p95', stableMs: 220, candidateMs: 224.6, percent: 2.1, isTolerated: true },
    { quantile: 'p99', stableMs: 402, candidateMs: 410, percent: 2, isTolerated: true },
  ],
  tolerancePercent: 5,
  toleranceMs: 2,
  peaks: [odds('all', 1.3), odds('errors', 1.2), odds('p50', 1), odds('p95', 1.6), odds('p99', 1.3)],
};

const ended = { state: 'rolled_back', isOver: true, reason: 'A/A' } as const;
const textOf = (over: Partial<ComparisonView> = {}, width = 80) =>
  comparisonScreen(ramping({ ...ended, comparison: { ...comparison, ...over } }), { width, color: false });

describe('the report of an A/A comparison', () => {
  it.each([60, 80, 120])('at %i columns', async (width) => {
    const lines = textOf({}, width);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/comparison-${width}.txt`);
  });

  it('says when a release would have held its weight, and when it would have been taken back', () => {
    expect(textOf({ peaks: [odds('all', 7)] }).join(' ')).toContain('would have held its weight');
    expect(textOf({ peaks: [odds('all', 120)] }).join(' ')).toContain('The judge took it back, at 120:1');
  });

  it('names what is beyond the tolerance', () => {
    const quantiles = comparison.quantiles.map((one) => ({ ...one, percent: 12, isTolerated: one.quantile === 'p50' }));
    expect(textOf({ quantiles }).join(' ')).toContain('Beyond it: p95, p99.');
  });

  it('says why a difference beyond the percents is within the tolerance', () => {
    const quantiles = comparison.quantiles.map((one) => ({ ...one, percent: 12, isTolerated: true }));
    expect(textOf({ quantiles }).join(' ')).toContain('it is less than 2 ms.');
    expect(textOf({}).join(' ')).not.toContain('within them');
  });

  it('says so where nothing was compared', () => {
    expect(textOf({ requests: { stable: 0, candidate: 0 } }).join(' ')).toContain('No requests were compared');
  });
});
