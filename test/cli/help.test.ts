// Help in every folder, and mistakes with their next step.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

describe('help', () => {
  const verbs = [
    'up',
    'release',
    'status',
    'logs',
    'rollback',
    'promote',
    'pause',
    'restart',
    'drain',
    'history',
    'plan',
    'doctor',
    'replay',
    'demo',
    'init',
    'cert',
    'node',
    'down',
    'serve',
    'completion',
    'open',
    'user',
    'token',
    'audit',
    'notifications',
  ];

  it.each(verbs)('of %s works in an empty folder and starts with examples, in 80 columns', async (verb) => {
    const cwd = mkdtempSync(join(tmpdir(), 'friday-empty-'));
    const { code, out } = await harness.run([verb, '-h'], { cwd });
    rmSync(cwd, { recursive: true });
    expect(code).toBe(0);
    expect(out.split('\n')[2]).toMatch(/^ {2}(source <\()?friday /);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThan(80);
  });

  it('works beside a broken compose file', async () => {
    writeFileSync(join(harness.cwd, 'compose.yaml'), 'services: [');
    expect((await harness.run(['release', '-h'])).code).toBe(0);
    expect((await harness.run(['help', 'up'])).code).toBe(0);
  });

  it('lists every verb, and nothing that does not exist', async () => {
    const { out } = await harness.run(['-h']);
    const listed = [...out.matchAll(/^ {2}([a-z]+) {2}/gm)].map((match) => match[1]);
    expect(listed).toEqual(verbs);
  });

  it('is what friday alone prints', async () => {
    expect((await harness.run([])).out).toBe((await harness.run(['--help'])).out);
  });
});

describe('mistakes', () => {
  it.each([
    [['relase'], 'error: unknown command "relase"; did you mean "release"?\n  try: friday -h\n'],
    [['relase', 'api'], 'error: unknown command "relase"; did you mean "release"?\n  try: friday -h\n'],
    [['frobnicate'], 'error: unknown command "frobnicate"\n  try: friday -h\n'],
    [['logs', '--folow'], 'error: unknown flag "--folow"; did you mean "--follow"?\n  try: friday logs -h\n'],
    [['status', '--jsn'], 'error: unknown flag "--jsn"; did you mean "--json"?\n  try: friday status -h\n'],
    [['release'], 'error: SERVICE is missing\n  try: friday release -h\n'],
    [['pause', 'a', 'b'], 'error: too many words after "friday pause"\n  try: friday pause -h\n'],
    [['logs', '--since'], 'error: --since needs a value\n  try: friday logs -h\n'],
    [['logs', '--level', 'bad'], 'error: --level "bad": expected error, warn, info, debug\n  try: friday logs -h\n'],
    [
      ['up', '--timeout', 'soon'],
      'error: --timeout "soon": expected a duration, like 90s or 30m\n  try: friday up -h\n',
    ],
    [
      ['release', 'api@v3'],
      'error: a release makes a new version, so api@v3 cannot be one\n  try: friday promote api@v3 --full\n',
    ],
    [['status', 'wep'], 'error: there is no service "wep" in shop\n  did you mean "web"?\n'],
    [['rollback', 'api', 'latest'], 'error: "latest" is no version: expected v1, v2 and so on\n'],
    [['help', 'me'], /^error: there is no help on "me"; there is on up, release/],
    [['promote', 'api', '--to', '50', '--full'], /^error: option "--to <percent>" cannot be used with option "--full"/],
  ] as const)('in %j are named, with the next step', async (argv, expected) => {
    const { code, err, out } = await harness.run(argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    if (typeof expected === 'string') expect(err).toBe(expected);
    else expect(err).toMatch(expected);
  });

  it('of the compose file are shown at their place', async () => {
    writeFileSync(join(harness.cwd, 'compose.yaml'), 'services:\n  api: { image: x, comand: y }\n');
    const { code, err } = await harness.run(['up']);
    expect(code).toBe(2);
    expect(err).toContain('--> compose.yaml:2:20');
    expect(err).toContain('did you mean "command"?');
    expect(harness.stage.told).toEqual([]);
  });

  it('of friday itself are one sentence; -v shows the stack', async () => {
    const broken = async (argv: string[]) => {
      let err = '';
      const silent = { write: () => {} };
      const streams = {
        stdin: process.stdin,
        stdout: silent,
        stderr: {
          write: (text: string) => {
            err += text;
          },
        },
      };
      const connect = () => Promise.reject(new TypeError('x is not a function'));
      const clock = { now: () => 0, sleep: async () => {} };
      const code = await runProgram(argv, {
        streams,
        env: {},
        cwd: '/',
        clock,
        interrupt: () => new AbortController().signal,
        connect,
      });
      return { code, err };
    };
    const short = await broken(['status']);
    expect(short).toEqual({
      code: 1,
      err: 'error: this is a mistake in friday itself: x is not a function\n  run it again with -v for the stack, and report it\n',
    });
    expect((await broken(['status', '-v'])).err).toContain('help.test.ts');
  });
});
