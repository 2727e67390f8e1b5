// Secrets that a person types: unseen, twice; from a pipe the first line.
import { createInterface } from 'node:readline';
import { Failure } from '../core/failure.ts';
import type { Call } from './call.ts';

/** Failure: `invalid` (nothing was given, or the two differ). Never from a flag: flags are seen by every user. */
export async function askSecret(call: Call, question: string): Promise<string> {
  const { terminal } = call;
  if (!terminal.mayAsk) return firstLine(call);
  const first = await typed(call, question);
  if (first === '') throw new Failure('invalid', 'Nothing was typed, so nothing changed.');
  if ((await typed(call, 'Once more: ')) === first) return first;
  throw new Failure('invalid', 'The two are not the same, so nothing changed.');
}

async function firstLine({ terminal }: Call): Promise<string> {
  for await (const line of createInterface({ input: terminal.streams.stdin, terminal: false })) {
    if (line !== '') return line;
  }
  throw new Failure('invalid', 'This needs a password on stdin.', { hint: 'friday user password ana < password.txt' });
}

/** Enter ends it, Backspace takes one back, Ctrl-C and Ctrl-D give nothing. */
function typed({ terminal }: Call, question: string): Promise<string> {
  const { stdin, stderr } = terminal.streams;
  stderr.write(question);
  stdin.setRawMode?.(true);
  return new Promise((resolve) => {
    let text = '';
    const end = (value: string) => {
      stdin.off('data', read);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
      resolve(value);
    };
    const read = (chunk: Buffer | string) => {
      for (const key of chunk.toString()) {
        if (key === '\r' || key === '\n') return end(text);
        if (key === '\u0003' || key === '\u0004') return end('');
        text = key === '\u007f' || key === '\b' ? [...text].slice(0, -1).join('') : text + key;
      }
    };
    stdin.on('data', read);
    stdin.resume();
  });
}
