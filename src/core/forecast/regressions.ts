// The bad versions that a forecast tries out.

/** How a candidate differs from stable. */
export type Regression = {
  readonly name: string;
  readonly kind: 'errors' | 'latency';
  /** Share of its requests that fail, 0 to 1. */
  readonly errorShare: number;
  /** It takes so many times as long, for this share of its requests. */
  readonly slower: { readonly times: number; readonly share: number } | null;
};

/** The version that is as good as stable. */
export function noRegression(errorShare: number): Regression {
  return { name: 'a good version', kind: 'errors', errorShare, slower: null };
}

/** From the worst to the smallest, for a service of which this share fails; those that would be no change are left out. */
export function regressionsFor(errorShare: number): readonly Regression[] {
  const errors = (name: string, share: number): Regression => ({
    name,
    kind: 'errors',
    errorShare: Math.min(1, share),
    slower: null,
  });
  const slower = (name: string, times: number, share: number): Regression => ({
    name,
    kind: 'latency',
    errorShare,
    slower: { times, share },
  });
  const change = (to: number) => `${percent(errorShare)} to ${percent(to)}`;
  const times = errorShare === 0 || errorShare * 5 >= 0.9 ? [] : [5, 2];
  const points = errorShare === 0 ? [0.05, 0.01, 0.002] : [0.01];
  const worst = errors('fails every request', 1);
  const byTimes = times.map((by) => errors(`errors × ${by}: ${change(errorShare * by)}`, errorShare * by));
  const byPoints = points
    .filter((by) => [worst, ...byTimes].every((one) => !isAlike(one.errorShare, errorShare + by)))
    .map((by) =>
      errors(
        `+${Number((by * 100).toFixed(2))} point${by === 0.01 ? '' : 's'}: ${change(errorShare + by)}`,
        errorShare + by,
      ),
    );
  const some = [...byTimes, ...byPoints].sort((one, other) => other.errorShare - one.errorShare);
  return [worst, ...some, slower('30% slower', 1.3, 1), slower('twice as slow for 1 in 20', 2, 0.05)];
}

function isAlike(one: number, other: number): boolean {
  return Math.abs(one - other) <= 0.15 * Math.max(one, other);
}

/** `0.1%`, `12%`. */
function percent(share: number): string {
  const value = 100 * share;
  return `${Number(value.toPrecision(value < 10 ? 2 : 3))}%`;
}
