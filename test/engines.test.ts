// What is said about tests whose engines are missing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGES, whyWithout } from './engines.ts';

describe('a machine without an engine', () => {
  it('is told what is missing and how to get it', () => {
    expect(whyWithout('redis', ['/nowhere'])).toBe(
      'redis-server is not installed (Debian, Ubuntu: apt-get install redis-server).',
    );
  });

  it('is told each package once', () => {
    expect(whyWithout('docker', ['/nowhere'])).toBe(
      'dockerd, docker, iptables, ip, setpriv are not installed (Debian, Ubuntu: apt-get install docker.io iptables iproute2 util-linux).',
    );
  });
});

it('CI installs every program that a test needs', () => {
  const script = readFileSync(join(import.meta.dirname, '../.ci/run'), 'utf8');
  const wanted = Object.entries(PACKAGES).map(([program, name]) => `${program}:${name}`);
  expect(wanted.filter((pair) => !script.split(/\s+/).includes(pair))).toEqual([]);
});
