// Single keys from a terminal, and the keyboard given back in every case.
import type { InputStream } from './terminal.ts';

/** Calls with each key (`ctrl-c` for Ctrl-C) until the returned function is called. */
export function onKeys(stdin: InputStream, listener: (key: string) => void): () => void {
  const restore = () => stdin.setRawMode?.(false);
  const read = (chunk: Buffer | string) => {
    const text = chunk.toString();
    // Arrow and function keys come as escape sequences and mean nothing here.
    if (text.length > 1 && text.startsWith('\u001b')) return;
    for (const key of text) listener(key === '\u0003' ? 'ctrl-c' : key === '\u001b' ? 'escape' : key.toLowerCase());
  };
  stdin.setRawMode?.(true);
  stdin.on('data', read);
  stdin.resume();
  process.once('exit', restore);
  return () => {
    stdin.off('data', read);
    stdin.pause();
    process.off('exit', restore);
    restore();
  };
}
