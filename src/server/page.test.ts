// The files of the page as a browser gets them: for anybody, cached rightly, under a strict policy, and said when they are missing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, TOKEN } from './fixture.ts';

const html = { accept: 'text/html,*/*;q=0.8' };
const folder = mkdtempSync(join(tmpdir(), 'friday-page-'));

beforeAll(() => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'assets', 'main-abc.js'), 'export {};\n'.repeat(100));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function get(path: string, headers: Record<string, string> = html, init: RequestInit = {}) {
  const app = createWorld().app({ pageFolder: folder });
  return app.request(path, { headers: { host: 'localhost', ...headers }, ...init }, { via: 'tcp' });
}

describe('the page', () => {
  it('is given to anybody, at every address of the page', async () => {
    for (const path of ['/', '/releases/7', '/services/api', '/logs?level=error']) {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('<title>page</title>');
    }
  });

  it('may run its own scripts and styles and nothing else', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('is asked for again each time, its assets never', async () => {
    expect((await get('/')).headers.get('cache-control')).toBe('no-cache');
    expect((await get('/assets/main-abc.js', {})).headers.get('cache-control')).toContain('immutable');
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect((await get('/', { ...html, 'if-none-match': etag })).status).toBe(304);
  });

  it('is packed for who can unpack it', async () => {
    const packed = await get('/assets/main-abc.js', { 'accept-encoding': 'gzip, br' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(200);
    expect((await get('/assets/main-abc.js', {})).headers.get('content-encoding')).toBeNull();
  });

  it('leaves the API alone: no token, no answer', async () => {
    expect((await get('/api/v1/status')).status).toBe(401);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/nothing', { accept: '*/*' })).status).toBe(404);
    expect((await get('/', html, { method: 'POST' })).status).toBe(404);
  });

  it('gives no file outside of its folder', async () => {
    for (const path of ['/../package.json', '/assets/..%2f..%2fpackage.json', '/%2e%2e/package.json']) {
      const answer = await get(path, { accept: '*/*', authorization: `Bearer ${TOKEN}` });
      expect(await answer.text()).not.toContain('fridaymorning"');
    }
  });

  it('says how to build it when it is not there', async () => {
    const app = createWorld().app({ pageFolder: join(folder, 'none') });
    const answer = await app.request('/', { headers: { host: 'localhost', ...html } }, { via: 'tcp' });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build:web');
  });
});
