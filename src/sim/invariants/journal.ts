// I5: every change of state has one event with a sentence in the same commit, and the journal alone tells the state.
import type { NewEvent } from '../../core/journal.ts';
import type { ServiceState } from '../../core/service.ts';
import type { Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

/** What can be told of a service from its events alone. */
export type Told = {
  readonly stable: number | null;
  readonly release: number | null;
  readonly phase: string;
  readonly weight: number;
  /** The share of a promoted version that is still compared; null when nothing is. */
  readonly watch: number | null;
};

const NOTHING: Told = { stable: null, release: null, phase: '', weight: 0, watch: null };
const OVER: readonly unknown[] = ['promoted', 'rolled_back', 'failed'];

/** The state after one more event. */
export function retell(told: Told, event: NewEvent): Told {
  const { type, release, version, data } = event;
  if ((type === 'service_added' || type === 'service_changed') && version !== null) return { ...told, stable: version };
  if (type === 'release_watch') return { ...told, watch: data.watch as number | null };
  if (
    type === 'release_verdict' ||
    release === null ||
    typeof data.phase !== 'string' ||
    typeof data.weight !== 'number'
  )
    return told;
  if (told.release !== release && OVER.includes(data.phase)) return told;
  const { watch } = told;
  if (data.phase === 'promoted') return { ...NOTHING, watch, stable: version };
  if (OVER.includes(data.phase)) return { ...NOTHING, watch, stable: told.stable };
  const stable = data.phase === 'starting' ? ((data.from as number | null | undefined) ?? null) : told.stable;
  return { stable, release, phase: data.phase, weight: data.weight, watch };
}

function stateOf({ stable, release, ...service }: ServiceState): Told {
  const watch = service.watch?.weight ?? null;
  return release
    ? { stable, release: release.id, phase: release.phase, weight: release.weight, watch }
    : { ...NOTHING, watch, stable };
}

/** Whether it claims that a release has changed; a person's command may change nothing. */
function isStateEvent({ type, data }: NewEvent): boolean {
  if (type === 'release_watch') return true;
  return typeof data.phase === 'string' && ['release_requested', 'release_state', 'release_weight'].includes(type);
}

function words({ stable, release, phase, weight, watch }: Told): string {
  const watched = watch === null ? '' : `, watched at ${watch}%`;
  return `stable v${stable}, release ${release} ${phase} at ${weight}%${watched}`;
}

function wasStopped(scene: Scene, id: string): boolean {
  return scene.world.runtime.instances.get(id)?.wasStopped ?? false;
}

export function watchJournal(scene: Scene): Watcher {
  const { stored, violate } = scene;
  const told = new Map<string, Told>();
  return {
    committed: ({ put, events }) => {
      const changes = new Map<string, number>();
      for (const event of events ?? []) {
        if (event.sentence.trim() === '') violate('I5', `an event of type ${event.type} has no sentence`);
        if (event.type === 'instance_exited' && wasStopped(scene, event.sentence.split(' ')[0] ?? '')) {
          violate('I5', `what was asked for is told as a surprise: ${event.sentence}`);
        }
        if (event.service === null) continue;
        const before = told.get(event.service) ?? NOTHING;
        const after = retell(before, event);
        told.set(event.service, after);
        const isNews = words(before) !== words(after);
        if (!isNews && isStateEvent(event)) violate('I5', `a change that is none is told: ${event.sentence}`);
        if (isNews) changes.set(event.service, (changes.get(event.service) ?? 0) + 1);
      }
      for (const { kind, id, value } of put ?? []) {
        if (kind !== 'service') continue;
        const before = stored.services.get(id);
        const wanted = words(stateOf(value as ServiceState));
        const now = words(told.get(id) ?? NOTHING);
        if (wanted !== now) violate('I5', `${id} is: ${wanted}; its journal says: ${now}`);
        const hasChanged = before === undefined || words(stateOf(before)) !== wanted;
        if (!hasChanged && (changes.get(id) ?? 0) > 0) violate('I5', `${id} has an event for a change that is none`);
      }
    },
  };
}
