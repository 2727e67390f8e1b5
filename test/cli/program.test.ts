// The command line as a whole, in one process: exit codes, JSON, lost connections, terminals.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { type Harness, openHarness } from './harness.ts';
import { neverReady, ramping, rolledBack, service } from './views.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

const linesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('exit codes', () => {
  const cases: readonly [name: string, argv: string[], code: number, prepare?: (harness: Harness) => void][] = [
    ['a promoted release', ['release', 'api'], 0],
    [
      'a release that was rolled back',
      ['release', 'api'],
      10,
      ({ stage }) => {
        stage.looks = [ramping(), rolledBack()];
      },
    ],
    [
      'a candidate that was never ready',
      ['release', 'api'],
      10,
      ({ stage }) => {
        stage.looks = [neverReady()];
      },
    ],
    [
      'a release that is not decided in time',
      ['release', 'api', '--timeout', '5s'],
      3,
      ({ stage }) => {
        stage.looks = [ramping()];
      },
    ],
    ['a release that is not watched', ['release', 'api', '--detach'], 0],
    ['a status', ['status'], 0],
    ['a check of what is well', ['status', '--check'], 0],
    [
      'a check of what is not',
      ['status', '--check'],
      1,
      ({ stage }) => {
        stage.status = { ...stage.status, services: [service('web', { state: 'down' })] };
      },
    ],
    ['an unknown command', ['relase'], 2],
    ['an unknown flag', ['status', '--wach'], 2],
    ['a missing argument', ['release'], 2],
    ['a wrong value', ['release', 'api', '--steps', '5,1'], 2],
    ['an unknown service', ['release', 'apo'], 2],
    ['a needed yes that nobody can give', ['down'], 2],
    [
      'an order at the wrong moment',
      ['pause', 'api'],
      1,
      ({ stage }) => {
        stage.refusal = new Failure('conflict', 'No release of api is under way.');
      },
    ],
    [
      'an order that is not allowed',
      ['pause', 'api'],
      4,
      ({ stage }) => {
        stage.refusal = new Failure('refused', 'You may not.');
      },
    ],
    [
      'a failed build',
      ['release', 'api'],
      2,
      ({ stage }) => {
        stage.refusal = new Failure('invalid', 'npm ci ended with 1.');
      },
    ],
    ['help', ['help', 'exit-codes'], 0],
    ['the version', ['--version'], 0],
  ];

  it.each(cases)('%s', async (_name, argv, code, prepare) => {
    prepare?.(harness);
    expect((await harness.run(argv)).code).toBe(code);
  });

  it.each(cases)('%s, the same with --json, and only JSON on stdout', async (_name, argv, code, prepare) => {
    if (argv[0] === '--version' || argv[0] === 'help') return;
    prepare?.(harness);
    const ran = await harness.run([...argv, '--json']);
    expect(ran.code).toBe(code);
    expect(linesOf(ran.out).length).toBeGreaterThan(0);
  });

  it.each(cases)('%s, the same on a terminal', async (_name, argv, code, prepare) => {
    if (argv[0] === 'down') return;
    prepare?.(harness);
    expect((await harness.run(argv, { tty: true })).code).toBe(code);
  });

  it('a control plane that cannot be reached', async () => {
    const ran = await harness.run(['status', '--json']);
    await harness.close();
    const after = await harness.run(['status', '--json']);
    harness = await openHarness();
    expect([ran.code, after.code]).toEqual([0, 5]);
    expect(linesOf(after.out)[0]).toMatchObject({ error: { code: 'unreachable' } });
  });

  it('Ctrl-C while watching', async () => {
    harness.stage.looks = [ramping()];
    const ran = await harness.run(['release', 'api'], { interruptWhen: '25%' });
    expect(ran.code).toBe(130);
    expect(ran.err).toContain('Stopped watching; the release goes on.');
    expect(harness.stage.told.map((one) => one.order)).toEqual(['release']);
  });
});

describe('watching with --json', () => {
  it('ends with a result that names the verdict and the exit code', async () => {
    harness.stage.looks = [ramping(), rolledBack()];
    const lines = linesOf((await harness.run(['release', 'api', '--json'])).out);
    expect(lines.map((line) => line.type)).toEqual(['state', 'weight', 'weight', 'weight', 'state', 'result']);
    expect(lines.at(-1)).toMatchObject({ verdict: 'rolled_back', exit: 10, service: 'api', version: 42, release: 42 });
  });

  it('says undecided when the time is over', async () => {
    harness.stage.looks = [ramping()];
    const lines = linesOf((await harness.run(['release', 'api', '--json', '--timeout', '3s'])).out);
    expect(lines.at(-1)).toMatchObject({ type: 'result', verdict: 'undecided', exit: 3 });
  });

  it('puts errors on stdout, with a place when there is one', async () => {
    writeFileSync(join(harness.cwd, 'compose.yaml'), 'services:\n  api: { image: x, comand: y }\n');
    const ran = await harness.run(['release', 'api', '--json']);
    expect(ran.code).toBe(2);
    expect(linesOf(ran.out)[0]).toMatchObject({
      error: {
        code: 'spec_invalid',
        file: join(harness.cwd, 'compose.yaml'),
        line: 2,
        column: 20,
        hint: 'did you mean "command"?',
      },
    });
    expect(ran.err).toBe('');
  });
});

describe('losing the control plane while watching', () => {
  it('changes neither verdict nor exit code', async () => {
    harness.stage.looks = [ramping(), rolledBack()];
    harness.stage.deafLooks = 30;
    const ran = await harness.run(['release', 'api']);
    expect(ran.code).toBe(10);
    expect(ran.err).toMatch(/no news for \d+s; the release does not need this watch, trying again/);
  });

  it('ends with 5 after two minutes without anybody', async () => {
    harness.stage.looks = [ramping()];
    const running = harness.run(['release', 'api']);
    while (harness.stage.told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await harness.close();
    const ran = await running;
    harness = await openHarness();
    expect(ran.code).toBe(5);
    expect(ran.err).toMatch(/error: no control plane answers at .*\n {2}start it: friday up\n$/);
  });
});

describe('terminals', () => {
  it('that are none get no escape codes', async () => {
    for (const argv of [['status'], ['release', 'api'], ['history'], ['logs']]) {
      const { out, err } = await harness.run(argv);
      expect(out + err).not.toContain('\u001b');
    }
  });

  it.each([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('with %s get no colour', async (_name, env) => {
    const { out } = await harness.run(['status'], { tty: true, env });
    expect(out).not.toContain('\u001b');
  });

  it.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['CI', { CI: '1' }],
  ])('with %s get lines instead of a picture', async (_name, env) => {
    const { out } = await harness.run(['release', 'api'], { tty: true, env });
    expect(out).not.toContain('\u001b[?25l');
    expect(out).toMatch(/^\d\d:\d\d:\d\d api v42 /);
  });

  it('get colour in a pipe with --color always or FORCE_COLOR', async () => {
    expect((await harness.run(['status', '--color', 'always'])).out).toContain('\u001b[32m');
    expect((await harness.run(['status'], { env: { FORCE_COLOR: '1' } })).out).toContain('\u001b[32m');
    expect((await harness.run(['--color', 'never', 'status'], { tty: true })).out).not.toContain('\u001b');
  });
});
