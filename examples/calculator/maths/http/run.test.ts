// A service as a process: its parameters, its exit status, its signals.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runService } from '../../test-servers.ts';

/** A folder with a `server.ts` of its own whose only route is `handle`. */
async function serviceWith(handle: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'calculator-run-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const run = pathToFileURL(fileURLToPath(new URL('run.ts', import.meta.url)));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(
    join(folder, 'server.ts'),
    `import { run } from '${run}';
     await run('sample', (e) => e.number('COUNT', { min: 1, max: 9, isWhole: true, fallback: 1 }), () => ({
       routes: [{ method: 'GET', path: '/', handle: async () => { ${handle} } }],
     }));`,
  );
  return folder;
}

describe('a service', () => {
  it('names every wrong parameter and ends with status 2', async () => {
    const folder = await serviceWith('return {};');
    const { ended, stderr } = await runService(folder, { PORT: 'http', LOG: 'some', COUNT: '10' });
    expect(await ended).toEqual([2, null]);
    expect(stderr.map((line) => JSON.parse(line).msg)).toEqual([
      'PORT is "http", not a whole number from 0 to 65535.',
      'LOG is "some", not one of: all.',
      'COUNT is "10", not a whole number from 1 to 9.',
    ]);
  });

  it('asks for the parameters it needs', async () => {
    const { ended, stderr } = await runService(await serviceWith('return {};'), {});
    expect(await ended).toEqual([2, null]);
    expect(JSON.parse(stderr[0] ?? '').msg).toBe('PORT is missing: set it to a whole number from 0 to 65535.');
  });

  it('ends with status 1 when its port is taken', async () => {
    const folder = await serviceWith('return {};');
    const first = await runService(folder, { PORT: '0' });
    const second = await runService(folder, { PORT: new URL(first.url).port });
    expect(await second.ended).toEqual([1, null]);
    expect(second.stderr[0]).toContain('sample cannot start: listen EADDRINUSE');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('finishes its open request on %s and ends with status 0', async (signal) => {
    const folder = await serviceWith('await new Promise((r) => setTimeout(r, 400)); return { json: "done" };');
    const { url, child, ended, stdout } = await runService(folder, { PORT: '0', LOG: 'all', FRIDAY_VERSION: '7' });
    const open = fetch(url);
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill(signal);
    const response = await open;
    expect([await response.json(), response.headers.get('connection')]).toEqual(['done', 'close']);
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(stdout[1] ?? '')).toMatchObject({ msg: 'GET / 200', service: 'sample', version: '7' });
  });

  it('writes one line with the stack and ends with status 1 when a bug escapes', async () => {
    const folder = await serviceWith('setTimeout(() => { throw new Error("escaped"); }, 1); return {};');
    const { url, ended, stderr } = await runService(folder, { PORT: '0' });
    await fetch(url);
    expect(await ended).toEqual([1, null]);
    expect(JSON.parse(stderr[0] ?? '')).toMatchObject({ level: 'error', msg: 'sample crashed', error: 'escaped' });
  });
});
