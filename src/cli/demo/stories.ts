// The four stories of the demo: what is done, when it is over, and whether it ended as it should.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReleaseView, ServiceView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import type { Stage, Variant } from './stage.ts';

export type Story = 'good' | 'broken' | 'slow' | 'kill';
export const STORIES: readonly Story[] = ['good', 'broken', 'slow', 'kill'];

/** The last line of `--json`. Times in seconds; users are those of the whole story. */
export type StoryResult = {
  readonly type: 'result';
  readonly story: Story;
  /** State of the release, or `healed` when the killed instance is back. */
  readonly state: string;
  /** From the first request that could reach the candidate until the end was confirmed by the balancer. */
  readonly seconds: number;
  readonly candidateRequests: number;
  readonly candidateFailures: number;
  readonly stableFailures: number;
  /** Requests of users that nobody answered, or that something between them and the services lost. */
  readonly dropped: number;
  readonly requests: number;
  /** Requests of users that were answered with an error, dropped ones included. */
  readonly failed: number;
  readonly sentence: string;
  readonly asExpected: boolean;
};

/** The service of the calculator that the demo releases. */
export const RELEASED = 'maths';
const STORY_LIMIT_MS = 180_000;
/** The last counts of a release arrive a few seconds after its end. */
const LATE_COUNTS_MS = 3000;

/** Plays one story to its end. Failure: `timeout` when it does not end. */
export async function play(stage: Stage, story: Story, onChange: (view: ReleaseView) => void): Promise<StoryResult> {
  await sleep(2000);
  return story === 'kill' ? playKill(stage) : playRelease(stage, story, onChange);
}

async function playRelease(
  stage: Stage,
  story: Variant & Story,
  onChange: (view: ReleaseView) => void,
): Promise<StoryResult> {
  const before = stage.users();
  const started = await stage.release(story);
  const ended = await follow(stage, started.id, onChange);
  await sleep(LATE_COUNTS_MS);
  const view = await stage.client.release(ended.id);
  const after = stage.users();
  const firstAsked = view.weights[0]?.at ?? view.requestedAt;
  const expected = story === 'good' ? 'promoted' : 'rolled_back';
  const dropped = after.dropped - before.dropped;
  return {
    type: 'result',
    story,
    state: view.state,
    seconds: ((view.endedAt ?? firstAsked) - firstAsked) / 1000,
    candidateRequests: view.candidate.requests,
    candidateFailures: view.candidate.failures,
    stableFailures: view.stable?.failures ?? 0,
    dropped,
    requests: after.requests - before.requests,
    failed: after.failed - before.failed,
    sentence: view.sentence,
    asExpected: view.state === expected && dropped === 0 && (view.stable?.failures ?? 0) === 0,
  };
}

/** Waits until the release is over, telling each change of state or weight. */
export async function follow(stage: Stage, id: number, onChange: (view: ReleaseView) => void): Promise<ReleaseView> {
  const deadline = performance.now() + STORY_LIMIT_MS;
  let told = '';
  for (;;) {
    const view = await stage.client.release(id);
    const now = `${view.state} ${view.weight}`;
    if (now !== told) onChange(view);
    told = now;
    if (view.isOver) return view;
    if (performance.now() > deadline) {
      throw new Failure('timeout', `The release was not over after ${STORY_LIMIT_MS / 1000} s: ${view.sentence}`);
    }
    await sleep(100);
  }
}

async function playKill(stage: Stage): Promise<StoryResult> {
  const before = stage.users();
  const started = performance.now();
  const victim = await stage.kill();
  await untilBack(stage, victim.id, victim.handle);
  const seconds = (performance.now() - started) / 1000;
  await sleep(LATE_COUNTS_MS);
  const after = stage.users();
  const failed = after.failed - before.failed;
  return {
    type: 'result',
    story: 'kill',
    state: 'healed',
    seconds,
    candidateRequests: 0,
    candidateFailures: 0,
    stableFailures: 0,
    dropped: after.dropped - before.dropped,
    requests: after.requests - before.requests,
    failed,
    sentence: `${victim.id} (${victim.handle}) was killed; the other one took over, and it was ready again after ${seconds.toFixed(1)} s.`,
    asExpected: failed === 0,
  };
}

/** Waits until the instance runs again as another process and is ready. */
export async function untilBack(stage: Stage, id: string, handle: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  const isBack = (service: ServiceView) =>
    service.instances.some((one) => one.id === id && one.state === 'ready' && one.handle !== handle);
  while (!isBack(await stage.client.service(RELEASED))) {
    if (performance.now() > deadline)
      throw new Failure('timeout', `${id} was not ready again 30 s after it was killed.`);
    await sleep(100);
  }
}
