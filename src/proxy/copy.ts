// Text that is kept for longer than the request from which it comes.

/** The same text: one that is cut out of a head would keep all of the head in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
