// What has become of one change of `friday up`: still waiting, done, held, or failed. Pure.
import type { ChangeView, ReleaseView, ServiceView } from '../../api/views.ts';
import { weightOf } from '../output/numbers.ts';
import { cleaned } from '../output/text.ts';
import type { Outcome } from '../screens/plan.ts';
import { RELEASE_MARKS } from '../screens/states.ts';

export type SettleInput = {
  readonly change: ChangeView;
  /** Its release as last seen; null when it has none, `forgotten` when a newer one took its place before it began. */
  readonly release: ReleaseView | 'forgotten' | null;
  /** Its service as last seen; null when it is gone. */
  readonly service: ServiceView | null;
  /** Since the order, ms. */
  readonly ms: number;
  /** Wait for verdicts, not only for beginnings. */
  readonly waits: boolean;
  /** An instance that is replaced in place and not ready by then has failed. */
  readonly readyTimeoutMs: number;
};

export type Settled = Outcome & {
  /** Why it failed, for under the table. */
  readonly because: string;
  readonly lastLines: readonly string[];
};

/** So many ends in a row are a crash loop. */
const CRASH_LOOP = 3;

export function settle(input: SettleInput): Settled {
  const { change, release, ms } = input;
  const make = (kind: Outcome['kind'], text: string, because = '', lastLines: readonly string[] = []): Settled => ({
    service: change.service,
    kind,
    text,
    ms,
    because,
    lastLines,
  });
  if (change.action === 'remove') {
    const isLeft = input.service?.instances.some((one) => one.state !== 'exited');
    return isLeft ? make('waiting', 'stopping') : make('done', 'stopped');
  }
  if (release === 'forgotten') return make('held', 'a newer version took its place');
  return release === null ? inPlace(input, make) : released(release, input.waits, make);
}

type Make = (kind: Outcome['kind'], text: string, because?: string, lastLines?: readonly string[]) => Settled;

function released(view: ReleaseView, waits: boolean, make: Make): Settled {
  const name = `v${view.version}`;
  const { state } = view;
  if (state === 'promoted') {
    return make(
      'done',
      view.from === null ? `${name} healthy` : `${name} promoted, has ${weightOf(view.weight)} of traffic`,
    );
  }
  if (state === 'failed' || state === 'rolled_back') {
    return make('failed', `${name} ${RELEASE_MARKS[state].word}`, cleaned(view.sentence), view.lastLines);
  }
  if (state === 'starting') return make('waiting', `${name} starting`);
  if (state === 'rolling_back') return make('waiting', `${name} rolling back`);
  if (state === 'promoting') return make('waiting', `${name} promoting`);
  const share = `${name} healthy, has ${weightOf(view.weight)} of traffic`;
  if (!waits) return make('done', share);
  return state === 'ramping' ? make('waiting', share) : make('waiting', `${share}, ${RELEASE_MARKS[state].word}`);
}

function inPlace({ change, service, ms, readyTimeoutMs }: SettleInput, make: Make): Settled {
  if (service === null) return make('waiting', 'starting');
  const name = service.version === null ? '' : `v${service.version} `;
  if (service.wanted === 0) return make('done', 'no replicas wanted');
  if (service.state === 'healthy' || service.state === 'releasing') {
    const copies = `${service.ready} of ${service.wanted} ready`;
    return make('done', change.action === 'scale' ? copies : `${name}healthy`);
  }
  if (service.state === 'completed') return make('done', `${name}completed`);
  const restarts = Math.max(0, ...service.instances.map((one) => one.restarts));
  if (restarts >= CRASH_LOOP || ms > readyTimeoutMs) {
    const reason = service.instances.find((one) => one.state !== 'ready' && one.reason !== '')?.reason;
    return make('failed', `${name}is not healthy`, cleaned(reason ?? service.sentence));
  }
  return make('waiting', `${name}starting, ${service.ready} of ${service.wanted} ready`);
}
