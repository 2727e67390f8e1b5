// One cycle of the soak: the long form is `npm run soak -- --cycles 20`.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('releases, rolls back, scales, heals and survives kill -9 of the control plane without a failed request', async () => {
  const soak = resolve(import.meta.dirname, '../bench/soak.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [soak, '--cycles', '1', '--json']);
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(result).toMatchObject({ type: 'result', cycles: 1, failed: 0, cutStreams: 0, controlPlaneKills: 1 });
  expect(result.requests).toBeGreaterThan(1000);
}, 180_000);
