// Tests of how a wanted instance becomes a launch.
import { describe, expect, it } from 'vitest';
import { specOf } from '../fixture.ts';
import { planLaunch, signalNamed } from './plan.ts';

describe('a launch', () => {
  const wanted = (part: Parameters<typeof specOf>[1], context: string | null = '/code') => ({
    id: 'web-v3-2',
    service: 'web',
    version: 3,
    slot: 2,
    revision: { digest: 'd', label: 'l' },
    spec: specOf(context, part),
    environment: { A: '1', PORT: '1', TZ: 'Etc/UTC' },
    port: null,
  });
  const place = { folder: '/place', port: 4101, token: 't', now: 5 };

  it('has the port in environment and command, and the environment of the service before the own one', () => {
    const record = planLaunch(wanted({ command: ['run', '-p', '$PORT'] }), place);
    expect(record.command).toEqual(['run', '-p', '4101']);
    expect(record.environment).toMatchObject({ A: '1', PORT: '4101', TZ: 'Etc/UTC', PATH: process.env.PATH });
  });

  it('runs in the working folder of the snapshot, and in the data folder without code', () => {
    expect(planLaunch(wanted({ workingDir: 'apps/web' }), place).folder).toBe('/place/apps/web');
    expect(planLaunch(wanted({ workingDir: '.' }, null), place).folder).toBe('/place');
  });

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['term', 'SIGTERM'],
    ['2', 'SIGINT'],
    ['Quit', 'SIGQUIT'],
  ])('takes %s for %s', (text, name) => {
    expect(signalNamed(text)).toBe(name);
  });

  it('refuses a signal that does not exist', () => {
    expect(() => planLaunch(wanted({ stopSignal: 'SIGFOO' }), place)).toThrow('"SIGFOO" is not a signal');
  });
});
