// Help, the reference page and the completion scripts, all made from one command tree.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../api/tables.ts';
import { createProgram } from '../program.ts';
import { completionScript } from './completion.ts';
import { referencePage } from './reference.ts';
import { treeOf } from './tree.ts';

const runner = { env: {}, call: () => expect.fail('no verb runs here'), exit: () => {} };
const program = createProgram(runner, { stdout: { write: () => {} } });
const whole = treeOf(program);
const tree = { ...whole, verbs: whole.verbs.filter((verb) => verb.name !== 'help') };

describe('the command tree', () => {
  it('has examples, a summary and a group for every verb', () => {
    for (const verb of tree.verbs) {
      expect(verb.examples.length, verb.name).toBeGreaterThan(0);
      expect(verb.summary, verb.name).toMatch(/^[a-z]/);
      expect(['Everyday', 'Check', 'Set up', 'People']).toContain(verb.group);
    }
  });

  it('accepts every example that it shows', () => {
    for (const [command] of tree.verbs.flatMap((verb) => verb.examples)) {
      const [, verb = '', ...words] = command.replace(/^source <\(|\)$| [>|].*$/g, '').split(' ');
      const node = program.commands.find((one) => one.name() === verb);
      expect(node, command).toBeDefined();
      expect(node?.parseOptions(words).unknown, command).toEqual([]);
    }
  });

  it('gives one meaning to each short flag within a verb', () => {
    for (const command of program.commands) {
      const shorts = command.options.flatMap((option) => option.short ?? []);
      expect(new Set(shorts).size, command.name()).toBe(shorts.length);
    }
  });

  it('names every exit code', () => {
    expect(tree.exitCodes.map((one) => one.code)).toEqual(EXIT_CODES.map((one) => one.code));
    expect(tree.exitCodes.map((one) => one.code)).toEqual([0, 1, 2, 3, 4, 5, 10, 130]);
  });
});

describe('the reference page', () => {
  it('is what the tree says: npm run --silent friday -- help --markdown > docs/reference/cli.md', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/reference/cli.md'), 'utf8');
    expect(page).toBe(referencePage(tree));
  });
});

describe('completion', () => {
  const complete = (...words: string[]) => {
    const script = `${completionScript(tree, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _friday; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } }).trim();
  };

  it('offers verbs, flags and choices in bash', () => {
    expect(complete('friday', 'ro')).toBe('rollback');
    expect(complete('friday', 'release', '--st')).toBe('--steps');
    expect(complete('friday', 'release', 'api', '--js')).toBe('--json');
    expect(complete('friday', 'completion', 'f')).toBe('fish');
    expect(complete('friday', 'help', 'exit')).toBe('exit-codes');
  });

  it.each(['bash', 'zsh', 'fish'] as const)('is a script that %s can read', (shell) => {
    const script = completionScript(tree, shell);
    for (const verb of tree.verbs) expect(script).toContain(verb.name);
    const found = spawnSync(shell, ['-n', '-c', script], { encoding: 'utf8' });
    if (found.error) return;
    expect(found.stderr).toBe('');
  });
});

describe('the package', () => {
  it('keeps what help promises light: no verb is loaded for --version', () => {
    const main = join(import.meta.dirname, '../main.ts');
    const heavy = /node_modules\/(zod|hono|yaml|undici)\//;
    const preload = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({load(u,c,n){if(${heavy}.test(u))console.error('loaded',u);return n(u,c)}})`;
    const ran = spawnSync(process.execPath, ['--import', preload, main, '--version'], { encoding: 'utf8' });
    expect([ran.stderr, ran.status]).toEqual(['', 0]);
  });
});
