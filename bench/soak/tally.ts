// Counts what the soak's clients saw, and keeps apart what a killed instance took with it.

/** One thing that a client tried. `instance` is who answered, as far as that was known. */
export type Outcome = {
  readonly lane: string;
  readonly at: number;
  readonly isOk: boolean;
  readonly isIdempotent: boolean;
  readonly isStream: boolean;
  readonly version: string;
  readonly instance: string;
  readonly words: string;
};

export type Totals = {
  requests: number;
  failed: number;
  cutStreams: number;
  /** In flight on an instance when it was killed: requests that may not be repeated, and streams. */
  killedInFlight: number;
  /** Errors that a broken candidate answered by design. */
  brokenAnswers: number;
  controlPlaneKills: number;
  readonly reports: string[];
};

/** A connection to a killed instance ends at once; what fails later has another reason. */
const KILL_WINDOW_MS = 1500;
const MAX_REPORTS = 20;

export function createTally() {
  const counts = { requests: 0, failed: 0, cutStreams: 0, killedInFlight: 0, brokenAnswers: 0, controlPlaneKills: 0 };
  const totals: Totals = { ...counts, reports: [] };
  const broken = new Set<string>();
  const kills: { instance: string; at: number }[] = [];

  const wasKilled = (one: Outcome) =>
    kills.some(({ instance, at }) => {
      const isNear = one.at >= at - 50 && one.at <= at + KILL_WINDOW_MS;
      if (one.instance !== '') return isNear && one.instance === instance;
      return isNear && !one.isIdempotent;
    });

  return {
    totals,
    /** Answers of this version may be errors. */
    expectErrorsFrom: (version: string) => broken.add(version),
    noteKill: (instance: string) => kills.push({ instance, at: Date.now() }),
    count(one: Outcome): void {
      totals.requests += 1;
      if (one.isOk) return;
      if (one.words === 'status 500' && broken.has(one.version)) totals.brokenAnswers += 1;
      else if (wasKilled(one)) totals.killedInFlight += 1;
      else {
        if (one.isStream) totals.cutStreams += 1;
        else totals.failed += 1;
        const when = new Date(one.at).toISOString();
        if (totals.reports.length < MAX_REPORTS) {
          totals.reports.push(
            `${when} ${one.lane}: ${one.words} (${one.version || 'no version'} ${one.instance || 'unknown instance'})`,
          );
        }
      }
    },
  };
}

export type Tally = ReturnType<typeof createTally>;
