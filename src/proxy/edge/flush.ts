// Sends response heads that no body followed in the same turn, all of a turn together.

type Flushed = { flush(): void };

let due: Flushed[] = [];

/** `flush` is called as soon as this turn of the event loop is through. */
export function flushSoon(one: Flushed): void {
  if (due.length === 0) process.nextTick(flushDue);
  due.push(one);
}

function flushDue(): void {
  const all = due;
  due = [];
  for (const one of all) one.flush();
}
