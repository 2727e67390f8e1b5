// Works out between which bounds and by which targets a service scales by itself.
import { type Draft, pathIn } from './draft.ts';
import { errorAt } from './problem.ts';
import type { Scale } from './project.ts';
import { keySpanAt } from './tree.ts';

const DOWN_AFTER_MS = 300_000;

/** Undefined when it does not, or when what is written cannot be used. */
export function scaleOf(draft: Draft): Scale | undefined {
  const written = draft.friday.scale;
  if (written === undefined) return undefined;
  const { max, target, down_after: downAfterMs = DOWN_AFTER_MS } = written;
  const min = written.min ?? 1;
  if (max === undefined || target === undefined) return undefined;
  if (min > max) {
    complain(draft, ['scale'], `min ${min} is more than max ${max}`, null);
    return undefined;
  }
  if (Object.values(target).every((one) => one === undefined)) {
    const hint = 'write for example inflight: 20, rate: 50 or cpu: 70%';
    complain(draft, ['scale', 'target'], 'no target says what one instance should carry', hint);
    return undefined;
  }
  return { min, max, target, downAfterMs };
}

function complain(draft: Draft, keys: readonly string[], message: string, hint: string | null): void {
  const path = pathIn(draft, 'x-friday', ...keys);
  draft.problems.push(errorAt(path, keySpanAt(draft.root, path), message, hint));
}
