// Tests of the machine's clock against itself.
import { describe, expect, it } from 'vitest';
import { systemClock } from './system.ts';

describe('system clock', () => {
  const clock = systemClock();

  it('tells the time since 1970 and counts up in between', async () => {
    const [now, before] = [clock.now(), clock.monotonic()];
    await clock.sleep(20);
    expect(Math.abs(now - Date.now())).toBeLessThan(5000);
    expect(clock.monotonic() - before).toBeGreaterThan(15);
  });

  it('wakes at once when the signal is aborted, before and during the sleep', async () => {
    const before = clock.monotonic();
    await clock.sleep(10_000, AbortSignal.abort());
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 5);
    await clock.sleep(10_000, abort.signal);
    expect(clock.monotonic() - before).toBeLessThan(1000);
  });

  it('draws 16 hexadecimal digits that do not repeat', () => {
    const tokens = Array.from({ length: 100 }, () => clock.token());
    expect(tokens.every((token) => /^[0-9a-f]{16}$/.test(token))).toBe(true);
    expect(new Set(tokens).size).toBe(100);
  });
});
