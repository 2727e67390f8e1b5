// Text that comes in pieces, as whole lines. Pure.
import { LONGEST_LINE } from './read.ts';

/** Lines without their ends, some at a time. What is longer than a line may be is given in pieces, for the reader to refuse. */
export async function* linesIn(chunks: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
    if (rest.length > LONGEST_LINE) {
      yield [rest];
      rest = '';
    }
  }
  if (rest !== '') yield [rest];
}
