// Tests of where Docker Engine is looked for.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_HOST, engineHost, parseHost } from './address.ts';

describe('the address of the engine', () => {
  it('is what DOCKER_HOST says, else the usual socket', () => {
    expect(engineHost({ DOCKER_HOST: 'tcp://here:1', HOME: '/nowhere' })).toBe('tcp://here:1');
    expect(engineHost({ HOME: '/nowhere' })).toBe(DEFAULT_HOST);
    expect(engineHost({ DOCKER_HOST: '', HOME: '/nowhere' })).toBe(DEFAULT_HOST);
  });

  it('is that of the current context of the docker command', () => {
    const folder = mkdtempSync(join(tmpdir(), 'friday-context-'));
    const meta = join(folder, 'contexts', 'meta', createHash('sha256').update('mine').digest('hex'));
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: 'mine', auths: {} }));
    writeFileSync(join(meta, 'meta.json'), JSON.stringify({ Endpoints: { docker: { Host: 'unix:///mine.sock' } } }));
    expect(engineHost({ DOCKER_CONFIG: folder })).toBe('unix:///mine.sock');
    expect(engineHost({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: 'default' })).toBe(DEFAULT_HOST);
    expect(engineHost({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: 'gone' })).toBe(DEFAULT_HOST);
    rmSync(folder, { recursive: true });
  });

  it('is a socket or a TCP address, with certificates when DOCKER_TLS_VERIFY says so', () => {
    expect(parseHost('unix:///run/docker.sock', {})).toEqual({ type: 'socket', path: '/run/docker.sock' });
    expect(parseHost('tcp://10.0.0.1', {})).toEqual({ type: 'tcp', host: '10.0.0.1', port: 2375, certificates: null });
    expect(parseHost('tcp://[::1]:99', { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/c' })).toEqual({
      type: 'tcp',
      host: '[::1]',
      port: 99,
      certificates: '/c',
    });
  });

  it.each(['ssh://host', 'npipe:////./pipe/x', 'unix://', '/var/run/docker.sock', 'tcp://:x'])('is not %s', (text) => {
    expect(() => parseHost(text, {})).toThrow(/expected unix:\/\/.* or tcp:/);
  });
});
