// How a release goes on by itself: its next phase, from what is seen at each look. Pure.
import { waitForTraffic, whileClimbing } from './climb.ts';
import { neededOf } from './needed.ts';
import {
  type Doubt,
  enter,
  isOver,
  nextWeight,
  percent,
  type Release,
  type ReleaseSeen,
  rollingBack,
  toFull,
} from './release.ts';
import { formatDuration } from './time.ts';

/** An arm without a ready instance for so long is lost. */
export const LOST_AFTER_MS = 5000;

/** The phase of the next look. A release that is over never changes again. */
export function next(release: Release, seen: ReleaseSeen): Release {
  if (isOver(release)) return release;
  const looked = notice(release, seen);
  return waitForInstances(looked, nextPhase(looked, seen), seen);
}

/** More traffic comes only once the instances for it are ready, unless nobody else can serve. */
function waitForInstances(looked: Release, after: Release, { now, candidate }: ReleaseSeen): Release {
  const { ready, neededAt } = candidate;
  const needed = after.weight > looked.weight && !after.isForced ? (neededAt?.(after.weight) ?? 0) : 0;
  if (ready >= needed) return after;
  const { version, service } = looked;
  const sentence = `v${version} of ${service} needs ${needed} ready instances for ${percent(after.weight)} of traffic; ${ready} ${ready === 1 ? 'is' : 'are'} ready.`;
  const waiting = { ...looked, sizedFor: after.weight, sentence };
  return looked.phase === 'waiting_for_traffic' ? enter(waiting, 'ramping', now, sentence) : waiting;
}

function nextPhase(looked: Release, seen: ReleaseSeen): Release {
  switch (looked.phase) {
    case 'starting':
      return whileStarting(looked, seen);
    case 'rolling_back':
      return whileRollingBack(looked, seen);
    case 'promoting':
      return takeBackIfBad(looked, seen) ?? whilePromoting(looked, seen);
    default:
      return takeBackIfBad(looked, seen) ?? rescueFromBrokenStable(looked, seen) ?? whileUnderWay(looked, seen);
  }
}

/** Remembers since when arms are lost, when the bake began, and the judge's word; a `fail` stays. */
function notice(release: Release, seen: ReleaseSeen): Release {
  const since = (isLost: boolean, before: number | null) => (isLost ? (before ?? seen.now) : null);
  const candidateLostSince = since(seen.candidate.ready === 0, release.candidateLostSince);
  const stableLostSince = since(seen.stableReady === 0, release.stableLostSince);
  const bakingSince = release.bakingSince ?? (seen.isConfirmed && release.weight > 0 ? seen.now : null);
  const rampingSince = release.rampingSince ?? bakingSince;
  const ruling = release.ruling?.kind === 'fail' ? release.ruling : (seen.ruling ?? release.ruling);
  return { ...release, candidateLostSince, stableLostSince, bakingSince, rampingSince, ruling };
}

function whileStarting(release: Release, seen: ReleaseSeen): Release {
  const name = `v${release.version} of ${release.service}`;
  const stays = release.from === null ? 'Nothing else runs.' : `v${release.from} still has 100% of traffic.`;
  if (release.from !== null && isStableLost(release, seen) && seen.candidate.ready > 0) return rescue(release, seen);
  if (seen.crashLoop) return enter(release, 'failed', seen.now, `${name} keeps ending: ${seen.crashLoop}. ${stays}`);
  if (seen.candidate.wanted === 0) {
    const sentence = `${name} has no replicas, so nothing can be compared.`;
    if (release.purpose === 'aa') return enter(release, 'failed', seen.now, sentence);
    return toFull({ ...release, isForced: true }, seen.now, sentence);
  }
  if (seen.candidate.ready >= seen.candidate.wanted) {
    return release.ramp ? whileClimbing(release, release.ramp, seen) : advance(release, seen.now);
  }
  const waited = seen.now - release.phaseSince;
  if (waited < release.readyTimeoutMs) return release;
  const why = seen.notReady || 'it gave no reason';
  const limit = formatDuration(release.readyTimeoutMs);
  return enter(release, 'failed', seen.now, `${name} was not ready within ${limit}: ${why}. ${stays}`);
}

function isStableLost(release: Release, seen: ReleaseSeen): boolean {
  return release.stableLostSince !== null && seen.now - release.stableLostSince >= LOST_AFTER_MS;
}

function takeBackIfBad(release: Release, seen: ReleaseSeen): Release | null {
  const name = `v${release.version} of ${release.service}`;
  if (release.ruling?.kind === 'fail') return rollingBack(release, seen.now, release.ruling.sentence);
  if (release.from === null) return null;
  if (seen.warnings.collapse) return rollingBack(release, seen.now, seen.warnings.collapse);
  if (seen.crashLoop) return rollingBack(release, seen.now, `${name} keeps ending: ${seen.crashLoop}.`);
  const lost = release.candidateLostSince;
  if (lost !== null && seen.now - lost >= LOST_AFTER_MS) {
    const why = seen.candidate.wanted === 0 ? 'it has no replicas' : seen.notReady || 'all have ended';
    return rollingBack(release, seen.now, `${name} has no ready instance: ${why}.`);
  }
  return null;
}

/** A stable without a ready instance can neither serve nor be compared with: the candidate that works takes over. */
function rescueFromBrokenStable(release: Release, seen: ReleaseSeen): Release | null {
  const mayRescue = isStableLost(release, seen) && seen.candidate.ready > 0 && release.phase !== 'paused';
  return mayRescue ? rescue(release, seen) : null;
}

function rescue(release: Release, seen: ReleaseSeen): Release {
  const why = `v${release.from} of ${release.service} has no ready instance, so v${release.version} takes over.`;
  return toFull({ ...release, isForced: true }, seen.now, why);
}

/** Stable is let go only for a candidate that is ready at this very look. */
function whilePromoting(release: Release, seen: ReleaseSeen): Release {
  const { ready, wanted } = seen.candidate;
  const canServe = ready > 0 || wanted === 0 || release.from === null;
  if (!seen.isConfirmed || !canServe) return release;
  const replaced = release.from === null ? '' : ` v${release.from} finishes its open requests.`;
  return enter(
    release,
    'promoted',
    seen.now,
    `v${release.version} of ${release.service} has 100% of traffic.${replaced}`,
  );
}

/** Ends when stable serves again. Until then the candidate stands in, unless it cannot either or a newer one is there. */
function whileRollingBack(release: Release, seen: ReleaseSeen): Release {
  const isOverdue = isStableLost(release, seen) && (seen.candidate.ready === 0 || seen.hasSuccessor);
  const isBack = seen.stableReady !== 0 && seen.isConfirmed;
  return isBack || isOverdue ? enter(release, 'rolled_back', seen.now, release.sentence) : release;
}

/** Ramping, or waiting for traffic or a person. */
function whileUnderWay(release: Release, seen: ReleaseSeen): Release {
  if (release.phase === 'paused') return release;
  if (release.purpose === 'aa') return whileBaking(release, seen);
  const asked = askOnce(release, seen);
  if (asked) return asked;
  const { interference } = seen.warnings;
  if (interference !== null) {
    return release.phase === 'waiting_for_approval' ? release : hold(release, seen.now, interference);
  }
  const free = release.held == null ? release : { ...release, held: null, sentence: freeSentence(release) };
  return free.ramp ? whileClimbing(free, free.ramp, seen) : whileBaking(free, seen);
}

/** The first doubt that nobody was asked about yet pauses the release; a person's promotion is the answer. */
function askOnce(release: Release, seen: ReleaseSeen): Release | null {
  const asked = release.asked ?? [];
  const doubt = DOUBTS.find((one) => seen.warnings.doubts[one] && !asked.includes(one));
  const sentence = doubt && seen.warnings.doubts[doubt];
  if (!doubt || !sentence) return null;
  return enter({ ...release, asked: [...asked, doubt] }, 'paused', seen.now, sentence);
}

const DOUBTS: readonly Doubt[] = ['rules', 'split', 'cpu', 'memory'];

function hold(release: Release, now: number, sentence: string): Release {
  const held = { ...release, held: sentence, sentence };
  return release.phase === 'ramping' ? held : enter(held, 'ramping', now, sentence);
}

/** Told once nothing holds it any more. */
export function freeSentence({ version, service, from }: Release): string {
  return `v${version} of ${service} goes on: v${from} and v${version} together fail no more than they may.`;
}

/** The weight holds until this step has what it needs. */
function whileBaking(release: Release, seen: ReleaseSeen): Release {
  if (release.phase === 'waiting_for_approval') return release;
  const step = release.steps[release.step];
  if (!step || release.bakingSince === null) return release;
  const baked = seen.now - release.bakingSince;
  if (baked < step.bakeMs) return release;
  if (release.purpose === 'aa') return rollingBack(release, seen.now, seen.comparison ?? release.sentence);
  if (release.ruling?.kind === 'pass') return advance(release, seen.now);
  if ((release.ruling?.neededRequests ?? release.minRequests) === 0) {
    const sentence = release.ruling?.sentence ?? release.sentence;
    return release.phase === 'ramping' ? { ...release, sentence } : enter(release, 'ramping', seen.now, sentence);
  }
  const needed = release.ruling ? neededOf(release, seen) : { unit: 'request' as const, count: release.minRequests };
  return waitForTraffic(release, seen, needed);
}

/** Before the next step a person has to say yes. */
function isGated({ steps, step, needsFinalApproval }: Release): boolean {
  return steps[step + 1]?.needsApproval ?? needsFinalApproval;
}

/** One step on, or to a person when the next one needs a yes. */
function advance(release: Release, now: number): Release {
  const weight = nextWeight(release);
  if (isGated(release)) {
    const sentence = `v${release.version} of ${release.service} waits for a person's yes before ${percent(weight)}.`;
    return enter(release, 'waiting_for_approval', now, sentence);
  }
  if (weight >= 100) return toFull(release, now, `v${release.version} of ${release.service} gets 100% of traffic.`);
  const stepped = { ...release, step: release.step + 1, weight, bakingSince: null };
  return enter(
    stepped,
    'ramping',
    now,
    `v${release.version} of ${release.service} gets ${percent(weight)} of traffic.`,
  );
}
