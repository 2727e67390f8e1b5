// friday replay: from a file, from stdin, from a release; by other rules; what it refuses; what --json and --save hold.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { header, PARAMS, tickWith } from '../../src/core/ticks/fixture.ts';
import { Replay } from '../../src/core/ticks/replay.ts';
import { headerLine, tickLines } from '../../src/core/ticks/write.ts';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

const TICKS = Array.from({ length: 30 }, (_, i) =>
  tickWith({ tick: 1_795_161_600 + i, weight: 10, stable: [90, 0], candidate: [10, i === 20 ? 1 : 0] }),
);
const textOf = (over: Parameters<typeof header>[0] = {}) =>
  `${[headerLine(header(over)), ...TICKS.flatMap(tickLines('api'))].join('\n')}\n`;
const own = () => {
  const replay = new Replay(PARAMS);
  for (const tick of TICKS) replay.take(tick);
  return JSON.parse(JSON.stringify(replay.verdict()));
};
const fileWith = (text: string) => {
  writeFileSync(join(harness.cwd, 'api.ticks'), text);
  return 'api.ticks';
};
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('friday replay', () => {
  it('shows the verdict of a file over time, and its receipt', async () => {
    const { code, out, err } = await harness.run(['replay', fileWith(textOf())]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('api v42 against v41, release 12: 29s of traffic from ');
    expect(out).toMatch(/TIME +WEIGHT +V41 +V42 +ODDS +HARM +ERRORS +P95/);
    expect(out).toContain(own().receipt.sentence);
    expect(out).not.toContain('other rules');
  });

  it('needs neither a compose file nor a control plane for a file', async () => {
    const { code } = await harness.run(['replay', join(harness.cwd, fileWith(textOf()))], { cwd: '/' });
    expect(code).toBe(0);
  });

  it('asks the control plane for a release, and keeps the file with --save', async () => {
    harness.stage.ticks = textOf({ ticks: 30, missing: 2 });
    const { code, out, err } = await harness.run(['replay', '12', '--save', 'kept.ticks']);
    expect([code, err]).toEqual([0, 'Saved to kept.ticks.\n']);
    expect(out).toContain('The last 2 seconds of the release are missing');
    expect(readFileSync(join(harness.cwd, 'kept.ticks'), 'utf8')).toBe(harness.stage.ticks);
    const again = await harness.run(['replay', '12', '--save', 'kept.ticks']);
    expect([again.code, again.err]).toMatchObject([2, expect.stringContaining('it exists already')]);
    const nowhere = await harness.run(['replay', '12', '--save', 'no/kept.ticks']);
    expect([nowhere.code, nowhere.err]).toMatchObject([2, expect.stringContaining('its folder does not exist')]);
    expect(readFileSync(join(harness.cwd, 'kept.ticks'), 'utf8')).toBe(harness.stage.ticks);
  });

  it('leaves no half file when the ticks are wrong', async () => {
    harness.stage.ticks = `${textOf()}{"tick":1}\n`;
    const { code, err } = await harness.run(['replay', '12', '--save', 'kept.ticks']);
    expect([code, err]).toMatchObject([2, expect.stringContaining('line 62 of release 12: ')]);
    expect(() => readFileSync(join(harness.cwd, 'kept.ticks'))).toThrow('ENOENT');
  });

  it('tells with --json each change, and at last the receipt that the release had', async () => {
    const { code, out } = await harness.run(['replay', fileWith(textOf()), '--json']);
    const told = linesOf(out);
    expect(code).toBe(0);
    expect(told.slice(0, -1).every((one) => one.type === 'change')).toBe(true);
    expect(told[0]).toMatchObject({
      seconds: 0,
      weight: 10,
      kind: 'inconclusive',
      stable: { requests: 90, failures: 0 },
    });
    const { kind, receipt } = own();
    expect(told.at(-1)).toMatchObject({ type: 'result', release: 12, isAsRecorded: true, kind, exit: 0 });
    expect(told.at(-1)?.receipt).toEqual(receipt);
  });

  it('judges by other rules when asked, and says by which the release was', async () => {
    const flags = ['--errors-margin', '0.1%', '--latency', 'p95=10%,p50=5', '--pass', 'certified', '--requests', '7'];
    const { code, out } = await harness.run(['replay', fileWith(textOf()), ...flags]);
    expect(code).toBe(0);
    const text = out.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'Replayed with other rules: errors up to 1.25 times plus 0.1 percentage points, p50 up to 5% longer, p95 up to 10% longer, a pass after 7 requests and when all is safe.',
    );
    expect(text).toContain(
      'The release itself was judged with: errors up to 1.25 times plus 0.5 percentage points, p95 up to 15% longer, a pass after 100 requests.',
    );
    const { out: json } = await harness.run(['replay', 'api.ticks', '--json', ...flags]);
    expect(linesOf(json).at(-1)).toMatchObject({
      isAsRecorded: false,
      recorded: { minRequests: 100 },
      rules: { minRequests: 7, passRule: 'certified' },
      receipt: { metrics: [{ metric: 'errors' }, { metric: 'p50' }, { metric: 'p95' }] },
    });
  });

  it('says when the rules of friday itself are no more those of the release', async () => {
    const { out } = await harness.run(['replay', fileWith(textOf({ parameters: 'ffff' }))]);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      'This friday judges by other rules than the one that ran the release',
    );
  });

  it('refuses other latency rules for sticky clients, who were counted by those of the release', async () => {
    const sticky = fileWith(textOf({ params: { ...PARAMS, isSticky: true } }));
    const { code, err } = await harness.run(['replay', sticky, '--latency', 'p95=10%']);
    expect([code, err]).toMatchObject([2, expect.stringContaining('api is sticky')]);
  });

  it.each([
    [['replay', 'nothing.ticks'], 'there is no file nothing.ticks'],
    [['replay', '.'], '. cannot be read'],
    [['replay', 'compose.yaml'], 'line 1 of compose.yaml: no JSON'],
    [['replay', '-'], 'stdin is empty'],
    [['replay', '12'], 'release 12 has no ticks'],
    [['replay'], 'FILE is missing'],
    [['replay', '12', '--latency', 'p75=3%'], '--latency "p75=3%": expected p50, p90, p95 or p99 with a percent'],
    [['replay', '12', '--errors-margin', '101'], '--errors-margin "101": expected a percent from 0 to 100'],
    [['replay', '12', '--pass', 'always'], '--pass "always": expected requests, certified'],
    [['replay', '12', '--requests', '-1'], '--requests'],
    [['replay', '12', '--every', 'often'], '--every "often": expected a duration'],
  ] as const)('%s is wrong, and it says why and exits with 2', async (argv, message) => {
    const { code, out, err } = await harness.run(argv);
    expect([code, out, err]).toMatchObject([2, '', expect.stringContaining(message)]);
  });

  it('reads stdin', async () => {
    const { code, out } = await harness.run(['replay', '-'], { input: textOf() });
    expect(code).toBe(0);
    expect(out).toContain(own().receipt.sentence);
  });
});
