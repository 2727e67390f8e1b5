// The evidence of a release on screens: a row for each signal, what failed with whose fault it is, and everything by number.
import { describe, expect, it } from 'vitest';
import { blame, blames, harmfulReceipt, metric, receipt, SAFE } from '../../../test/cli/receipts.ts';
import { arm, MINUTE, NOON, promoted, ramping, rolledBack, service } from '../../../test/cli/views.ts';
import { paintOf } from '../output/paint.ts';
import { widthOf } from '../output/text.ts';
import { blameLines } from './blame.ts';
import { detailsScreen } from './details.ts';
import { signalRows } from './signals.ts';
import { serviceScreen } from './status.ts';

const paint = paintOf(false);
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
const widest = (lines: readonly string[]) => Math.max(...lines.map(widthOf));

describe('the row of a signal', () => {
  const rowOf = (over: Parameters<typeof metric>[1]) =>
    signalRows(ramping({ receipt: receipt({ metrics: [metric('errors', over)] }) }), paint, 78).find((line) =>
      line.startsWith('errors'),
    );

  it.each([
    ['safe', SAFE],
    ['13:1 of 20:1', { sentence: 'Errors: 13:1 of 20:1.' }],
    ['not enough data', { sentence: 'Errors: not enough data.' }],
    ['49:1 worse', { lnE: 3.9, odds: '49:1' }],
    ['harmful, >1000:1', { isHarmful: true, odds: 'more than 1000:1' }],
  ])('says %s', (words, over) => {
    expect(rowOf(over)).toMatch(new RegExp(`  ${words}$`));
  });

  it('fills its left side for a rollback and its right side for safe', () => {
    expect(rowOf({ isHarmful: true, lnSafety: -3 })).toMatch(/▕█+│░+▏/);
    expect(rowOf(SAFE)).toMatch(/▕░+│█+▏/);
  });

  it('counts clients where they keep their version', () => {
    const clients = metric('POST /pay', {
      stable: { requests: 0, failures: 3 },
      candidate: { requests: 0, failures: 12 },
    });
    const rows = signalRows(ramping({ receipt: receipt({ unit: 'client', metrics: [clients] }) }), paint, 78);
    expect(rows.find((row) => row.startsWith('POST /pay'))).toMatch(/POST \/pay +3 +12 /);
  });
});

describe('what failed', () => {
  it('stacks its words where they do not fit beside', () => {
    const lines = blameLines(rolledBack(), paint, 56, { most: 5 });
    expect(widest(lines)).toBeLessThanOrEqual(56);
    expect(text(lines)).toContain('    on both: v42 2 times, v41 3 times\n');
  });

  it('leaves out what only stable failed, but not in the details', () => {
    expect(text(blameLines(rolledBack(), paint, 78, { most: 5 }))).not.toContain('/old');
    expect(text(blameLines(rolledBack(), paint, 78, { most: 5, withStable: true }))).toContain('seen on v41 2 times');
  });

  it('says where the rest stands', () => {
    const many = Array.from({ length: 7 }, (_, i) => blame(`GET /${i}`, 'seen on v42 once'));
    expect(blameLines(rolledBack({ blame: many }), paint, 78, { most: 3 }).at(-1)).toBe(
      '  and 4 more kinds: friday history 42',
    );
  });
});

describe('one release in full', () => {
  const now = NOON + 60 * MINUTE;
  const weights = [...rolledBack().weights, { at: NOON + 278_000, weight: 0 }];
  const long = 'POST /a-very-long-name-of-a-route/that-nobody-can-read/on-a-terminal';
  const views = {
    'rolled-back': rolledBack({
      reason: 'prices in euro',
      weights,
      candidate: { ...rolledBack().candidate, traffic: null },
      stable: arm(41, { traffic: null }),
    }),
    promoted: promoted({
      blame: [blame(long, 'seen on v42 once')],
      receipt: receipt({ metrics: [metric('errors', SAFE), metric(long)] }),
    }),
    ramping: ramping(),
  };
  for (const [name, view] of Object.entries(views)) {
    it.each([60, 80, 120])(`${name} at %i columns`, async (width) => {
      const lines = detailsScreen(view, { width, color: false, now });
      expect(widest(lines)).toBeLessThanOrEqual(width);
      await expect(text(lines)).toMatchFileSnapshot(`golden/details-${name}-${width}.txt`);
    });
  }
});

describe('the settings of a release', () => {
  const settings = ['environment LOG_LEVEL: info → debug', 'environment API_TOKEN: changed, not shown'].map(
    (words) => ({
      setting: '',
      from: null,
      to: null,
      isHidden: false,
      words,
    }),
  );
  const changes = { release: 42, service: 'api', from: 41, version: 42, isKnown: true, isSameCode: true, settings };
  const shown = (over: Partial<typeof changes>) =>
    text(detailsScreen(promoted(), { width: 80, color: false, now: NOON }, { ...changes, ...over }));

  it('are told where they changed', () => {
    const screen = shown({});
    expect(screen).toContain('Settings, the code is that of v41\n');
    expect(screen).toContain('   environment LOG_LEVEL: info → debug\n');
    expect(screen).toContain('   environment API_TOKEN: changed, not shown\n');
  });

  it('are left out where nothing is known of them, or nothing changed', () => {
    expect(shown({ isKnown: false })).not.toContain('Settings');
    expect(shown({ settings: [], isSameCode: false })).not.toContain('ettings');
    expect(shown({ settings: [] })).toContain('The code and the settings are those of v41.');
  });
});

describe('a service under release', () => {
  it.each([60, 80])('shows its evidence at %i columns', async (width) => {
    const release = ramping({ blame: blames(), receipt: harmfulReceipt({ metrics: receipt().metrics }) });
    const view = service('api', {
      state: 'releasing',
      release: 42,
      candidate: 42,
      version: 41,
      sentence: release.sentence,
    });
    const lines = serviceScreen(view, { width, color: false, now: NOON + 4 * MINUTE, release });
    expect(widest(lines)).toBeLessThanOrEqual(width);
    await expect(text(lines)).toMatchFileSnapshot(`golden/service-evidence-${width}.txt`);
  });
});
