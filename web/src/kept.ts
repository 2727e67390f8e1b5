// What did not change stays the same object, so that nothing is drawn anew for it. Pure.

/** `next`, made of the objects of `before` wherever those say the same. Plain JSON only. */
export function kept<T>(before: unknown, next: T): T {
  if (Object.is(before, next)) return next;
  if (typeof before !== 'object' || typeof next !== 'object' || before === null || next === null) return next;
  if (Array.isArray(next)) return Array.isArray(before) ? keptList(before, next) : next;
  return Array.isArray(before) ? next : keptObject(before as Record<string, unknown>, next);
}

/** Things with a name, an id or a number are found again wherever they stand in the list. */
function keptList<T>(before: readonly unknown[], next: T): T {
  const list = next as unknown[];
  const known = new Map(before.map((one, i) => [keyOf(one, i), one]));
  let isSame = before.length === list.length;
  list.forEach((one, i) => {
    list[i] = kept(known.get(keyOf(one, i)), one);
    isSame &&= list[i] === before[i];
  });
  return isSame ? (before as T) : next;
}

function keyOf(value: unknown, i: number): unknown {
  if (typeof value !== 'object' || value === null) return i;
  const { name, id } = value as { name?: unknown; id?: unknown };
  return name ?? id ?? i;
}

function keptObject<T>(before: Record<string, unknown>, next: T): T {
  const object = next as Record<string, unknown>;
  const names = Object.keys(object);
  let isSame = Object.keys(before).length === names.length;
  for (const name of names) {
    object[name] = kept(before[name], object[name]);
    isSame &&= name in before && Object.is(object[name], before[name]);
  }
  return isSame ? (before as T) : next;
}
