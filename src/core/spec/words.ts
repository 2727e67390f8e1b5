// Splits a command line into words as a shell does, without running anything else of a shell.

/** The words of a line, or what is wrong with it and at which offset. */
export type Words = { readonly words: readonly string[] } | { readonly error: string; readonly at: number };

/**
 * Blanks separate words; `'…'` keeps everything, `"…"` keeps everything but `\"`, `\\`, `\$` and `` \` ``; a backslash
 * elsewhere keeps the next character. Quotes may stand inside a word. Nothing is expanded, and operators are plain words.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting.
 */
export function splitWords(line: string): Words {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < line.length) {
    const character = line[at] ?? '';
    if (character === "'" || character === '"') {
      const quoted = character === "'" ? singleQuoted(line, at) : doubleQuoted(line, at);
      if (quoted === null) return { error: `the quote ${character} is not closed`, at };
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (character === '\\') {
      if (at + 1 >= line.length) return { error: 'a backslash at the end keeps nothing', at };
      if (line[at + 1] !== '\n') word = (word ?? '') + line[at + 1];
      at += 2;
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
    } else {
      word = (word ?? '') + character;
      at += 1;
    }
  }
  if (word !== null) words.push(word);
  return { words };
}

type Quoted = { readonly text: string; readonly end: number };

function singleQuoted(line: string, start: number): Quoted | null {
  const close = line.indexOf("'", start + 1);
  return close === -1 ? null : { text: line.slice(start + 1, close), end: close + 1 };
}

function doubleQuoted(line: string, start: number): Quoted | null {
  let text = '';
  for (let at = start + 1; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === '"') return { text, end: at + 1 };
    if (character === '\\' && '"\\$`\n'.includes(line[at + 1] ?? ' ')) {
      at += 1;
      if (line[at] !== '\n') text += line[at];
    } else text += character;
  }
  return null;
}

const OPERATORS = new Set(['&&', '||', '|', ';', '&', '>', '>>', '<', '2>&1']);

/** The first word that only a shell would understand: an operator, or an assignment in front of the program. Null when there is none. */
export function shellWord(words: readonly string[]): string | null {
  const [first] = words;
  if (first !== undefined && /^[A-Za-z_][A-Za-z0-9_]*=/.test(first)) return first;
  return words.find((word) => OPERATORS.has(word)) ?? null;
}
