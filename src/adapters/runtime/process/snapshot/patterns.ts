// The patterns of a .dockerignore file, as Docker reads them.

type Pattern = { readonly isException: boolean; readonly segments: readonly string[]; readonly regex: RegExp };

export type DockerPatterns = {
  /** Whether the last pattern that matches the path, or a folder above it, leaves it out; null when none matches. */
  verdict(path: string): 'out' | 'in' | null;
  /** Whether an exception may match something below this folder, so that it must be walked though it is left out. */
  reachesInto(folder: string): boolean;
};

/** Reads a .dockerignore. Paths are relative to the context, with `/`. Lines that make no pattern are skipped. */
export function dockerPatterns(text: string): DockerPatterns {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map(patternOf)
    .filter((pattern) => pattern !== null);
  return {
    verdict: (path) => {
      const parents = ancestry(path);
      const last = patterns.findLast(({ regex }) => parents.some((one) => regex.test(one)));
      if (last === undefined) return null;
      return last.isException ? 'in' : 'out';
    },
    reachesInto: (folder) => patterns.some((pattern) => pattern.isException && reaches(pattern.segments, folder)),
  };
}

function patternOf(line: string): Pattern | null {
  if (line.startsWith('#')) return null;
  const trimmed = line.trim();
  const isException = trimmed.startsWith('!');
  const segments = cleaned(isException ? trimmed.slice(1).trim() : trimmed);
  if (segments.length === 0) return null;
  try {
    return { isException, segments, regex: new RegExp(`^${globSource(segments.join('/'))}$`, 's') };
  } catch {
    return null;
  }
}

/** Anchored at the context whatever it starts with; `.` and `..` are resolved as in a path. */
function cleaned(pattern: string): string[] {
  const kept: string[] = [];
  for (const segment of pattern.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  return kept;
}

function ancestry(path: string): string[] {
  const segments = path.split('/');
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

function reaches(segments: readonly string[], folder: string): boolean {
  for (const [index, name] of folder.split('/').entries()) {
    const segment = segments[index];
    if (segment === undefined || segment.includes('**')) return true;
    if (!new RegExp(`^${globSource(segment)}$`, 's').test(name)) return false;
  }
  return true;
}

function globSource(glob: string): string {
  let source = '';
  let rest = glob;
  while (rest !== '') {
    const [taken, part] = globPart(rest);
    source += part;
    rest = rest.slice(taken);
  }
  return source;
}

/** How many characters the first part of a glob has, and its regular expression. */
function globPart(glob: string): readonly [number, string] {
  const stars = /^\*\*+(\/?)/.exec(glob);
  if (stars !== null) return [stars[0].length, stars[1] === '/' ? '(?:.*/)?' : '.*'];
  if (glob.startsWith('*')) return [1, '[^/]*'];
  if (glob.startsWith('?')) return [1, '[^/]'];
  const set = /^\[(\^?)((?:\\.|[^\\\]])+)\]/.exec(glob);
  if (set !== null) return [set[0].length, `(?!/)[${set[1]}${(set[2] ?? '').replace(/[[&~]/g, '\\$&')}]`];
  if (glob.startsWith('\\') && glob.length > 1) return [2, literal(glob.charAt(1))];
  return [1, literal(glob.charAt(0))];
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
