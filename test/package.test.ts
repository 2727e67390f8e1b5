// The published form: packed, installed into an empty folder, and run there.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const exec = promisify(execFile);

it('packs into a tarball whose command plays the demo in an empty folder', async () => {
  const root = resolve(import.meta.dirname, '..');
  const folder = mkdtempSync(join(tmpdir(), 'friday-pack-'));
  // npx runs the command with the first node on the path: the one that runs this test.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
  try {
    await exec('npm', ['pack', '--pack-destination', folder], { cwd: root, env });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const args = ['--yes', `./${tarball}`, 'demo', '--play', 'broken', '--json'];
    const { stdout } = await exec('npx', args, { cwd: folder, env });
    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(result).toMatchObject({ state: 'rolled_back', dropped: 0, stableFailures: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);
