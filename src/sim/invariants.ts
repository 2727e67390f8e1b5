// The eight invariants of the product and that instances follow the load, each checked by the world and not by the control plane's own words.
import { CapacityWatch } from './invariants/capacity.ts';
import { DataWatch } from './invariants/data.ts';
import { watchJournal } from './invariants/journal.ts';
import { watchReadiness } from './invariants/readiness.ts';
import { watchSaved } from './invariants/saved.ts';
import { ServingWatch } from './invariants/serving.ts';
import { ShownWatch } from './invariants/shown.ts';
import { watchVerdict } from './invariants/verdict.ts';
import { watchWeight } from './invariants/weight.ts';
import type { Invariant, Scene } from './scene.ts';
import type { Watcher } from './watch.ts';

export const INVARIANTS: Readonly<
  Record<Invariant, { readonly name: string; readonly watch: (scene: Scene) => Watcher }>
> = {
  I1: { name: 'Something always serves.', watch: (scene) => new ServingWatch(scene) },
  I2: {
    name: 'No traffic to an instance that is not ready; it leaves before the instance stops.',
    watch: watchReadiness,
  },
  I3: { name: 'The weight falls only through a rollback; stable stops last.', watch: watchWeight },
  I4: { name: 'Saved before done.', watch: watchSaved },
  I5: { name: 'Every change has one sentence in the journal.', watch: watchJournal },
  I6: { name: 'A verdict latches.', watch: watchVerdict },
  I7: { name: 'Not enough data is neither success nor failure.', watch: (scene) => new DataWatch(scene) },
  I8: { name: 'Shown is what was measured.', watch: (scene) => new ShownWatch(scene) },
  I9: { name: 'Instances follow the load.', watch: (scene) => new CapacityWatch(scene) },
};
