// How a release with `plan: auto` goes on: what the ramp says, carried out, with the people who are asked on the way. Pure.
import { etaOf, type Needed, neededOf, neededSentence } from './needed.ts';
import { nextMove, type RampRule } from './ramp.ts';
import { enter, gateBelow, percent, type Release, type ReleaseSeen, toFull } from './release.ts';
import { formatDuration } from './time.ts';

/** The release after one look, from its start to its promotion; a rollback is decided elsewhere. */
export function whileClimbing(release: Release, rule: RampRule, seen: ReleaseSeen): Release {
  const bakedMs = since(release.rampingSince ?? null, seen.now) ?? 0;
  const move = nextMove(
    {
      weight: release.weight,
      atWeightMs: since(release.bakingSince, seen.now),
      bakedMs,
      rate: seen.rate,
      verdict: seen.stand,
    },
    rule,
  );
  if (release.phase === 'waiting_for_approval') {
    const isEarned = move.type === 'promote' && gateBelow(release, 100) === null;
    return isEarned ? rise(release, 100, move.sentence, seen.now) : release;
  }
  switch (move.type) {
    case 'rollback':
      return release;
    case 'rise': {
      // The budget bounds what a step may cost; only requests at this weight are a reason to take it.
      const isSeen = release.weight === 0 || seen.stand === null || seen.stand.missing === 0;
      return isSeen
        ? rise(release, move.weight, '', seen.now)
        : waitForTraffic(release, seen, { unit: 'request', count: seen.stand.missing });
    }
    case 'promote':
      return rise(release, 100, move.sentence, seen.now);
    case 'hold':
      if (move.until === 'person')
        return ask(release, 100, `${nameOf(release)}: ${move.sentence} A person decides.`, seen.now);
      if (move.until === 'dwell') return release;
      if (move.until === 'traffic' && seen.stand && seen.stand.missing > 0) {
        return waitForTraffic(release, seen, { unit: 'request', count: seen.stand.missing });
      }
      if (move.until === 'calm') return stay(release, release.ruling?.sentence ?? move.sentence, seen.now);
      return whileEvidenceComes(release, rule, seen, bakedMs, move.sentence);
  }
}

function since(at: number | null, now: number): number | null {
  return at === null ? null : now - at;
}

function nameOf({ version, service }: Release): string {
  return `v${version} of ${service}`;
}

/** Up to `weight`, or to a person where one is asked before. */
function rise(release: Release, weight: number, why: string, now: number): Release {
  const gate = gateBelow(release, weight);
  if (gate !== null)
    return ask(release, gate, `${nameOf(release)} waits for a person's yes before ${percent(gate)}.`, now);
  const sentence = `${nameOf(release)} gets ${percent(weight)} of traffic.${why && ` ${why}`}`;
  const risen = { ...release, wanted: null };
  if (weight >= 100) return toFull(risen, now, sentence);
  return enter({ ...risen, step: 0, weight, bakingSince: null }, 'ramping', now, sentence);
}

function ask(release: Release, weight: number, sentence: string, now: number): Release {
  return enter({ ...release, wanted: weight }, 'waiting_for_approval', now, sentence);
}

/** The weight holds, and this is why. */
function stay(release: Release, sentence: string, now: number): Release {
  return release.phase === 'ramping' ? { ...release, sentence } : enter(release, 'ramping', now, sentence);
}

/** Traffic is waited for when today's does not bring the evidence before the longest bake is over. */
function whileEvidenceComes(
  release: Release,
  rule: RampRule,
  seen: ReleaseSeen,
  bakedMs: number,
  why: string,
): Release {
  const needed = neededOf(release, seen);
  if (needed.count === 0) {
    const isSafe = seen.stand?.kind === 'pass' && release.weight >= rule.maxWeight;
    const early = `${nameOf(release)} is not worse in any metric. It shares the traffic for at least ${formatDuration(rule.minBakeMs)}.`;
    return stay(release, isSafe ? early : why, seen.now);
  }
  const leftMs = rule.maxBakeMs - bakedMs;
  const etaMs = etaOf(release, seen, needed.count);
  if (release.phase === 'waiting_for_traffic' || etaMs === null || etaMs > leftMs) {
    return waitForTraffic(release, seen, needed, ' to be safe');
  }
  const sentence = release.weight >= rule.maxWeight ? neededSentence(release, seen, needed, ' to be safe') : why;
  return stay(release, sentence, seen.now);
}

/** The weight holds for want of requests, and this is how many and how long. */
export function waitForTraffic(release: Release, seen: ReleaseSeen, needed: Needed, why = ''): Release {
  const sentence = `Not enough data: ${neededSentence(release, seen, needed, why)}`;
  if (release.phase === 'waiting_for_traffic') return { ...release, sentence };
  return enter(release, 'waiting_for_traffic', seen.now, sentence);
}
