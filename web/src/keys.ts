// Keys of the page: one listener, the newest taker first, never while somebody writes.

type Taker = (key: string, event: KeyboardEvent) => void;
const takers: Taker[] = [];

/** Takes keys until the function that it gives is called. Keys in lower case; ` ` is space. */
export function onKey(taker: Taker): () => void {
  takers.push(taker);
  return () => {
    const at = takers.indexOf(taker);
    if (at >= 0) takers.splice(at, 1);
  };
}

function isWriting(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return element?.closest('input, textarea, select, [contenteditable], dialog[open]') !== null && element !== null;
}

/** A key that belongs to what has the focus: a button is pressed by space and Enter. */
function belongsToFocus(event: KeyboardEvent): boolean {
  const element = event.target as HTMLElement | null;
  return (event.key === ' ' || event.key === 'Enter') && element?.closest('button, a, summary, [role=slider]') != null;
}

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (isWriting(event.target) || belongsToFocus(event)) return;
    for (const taker of takers.toReversed()) {
      taker(event.key.toLowerCase(), event);
      if (event.defaultPrevented) return;
    }
  });
}
