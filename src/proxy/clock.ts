// The proxy's one clock: milliseconds since 1970 that never go back, whatever happens to the wall clock.

/** Wall time at the start of the process plus the monotonic time since. */
export function steadyClock(): () => number {
  const base = Date.now() - performance.now();
  return () => base + performance.now();
}
