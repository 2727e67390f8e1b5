// Works out what runs for a service, where, and what is prepared once before.
import { type Draft, pathIn } from './draft.ts';
import { SERVICE_KEYS } from './keys.ts';
import { nearest } from './nearest.ts';
import { isAddress } from './normalise.ts';
import { folderOf, isAbsolute, resolvePath } from './path.ts';
import { errorAt, warningAt } from './problem.ts';
import { keySpanAt, type Path, spanAt, treeAt } from './tree.ts';
import { shellWord, splitWords } from './words.ts';

export type Launch = {
  readonly context: string | null;
  readonly command: readonly string[];
  readonly install: readonly string[] | null;
  readonly workingDir: string;
};

/** What is at a path of this machine. */
export type Disk = { readonly isFolder: (path: string) => boolean; readonly isFile: (path: string) => boolean };

export function launchOf(draft: Draft, { isFolder, isFile }: Disk): Launch {
  const context = contextOf(draft, isFolder);
  const own = wordsAt(draft, pathIn(draft, 'x-friday', 'process', 'command'), draft.friday.process?.command);
  const entrypoint = wordsAt(draft, pathIn(draft, 'entrypoint'), draft.compose.entrypoint);
  const command = wordsAt(draft, pathIn(draft, 'command'), draft.compose.command);
  const install = wordsAt(draft, pathIn(draft, 'x-friday', 'process', 'install'), draft.friday.process?.install);
  const words = own === null || own.length > 0 ? own : joined(entrypoint, command);
  if (words !== null && words.length === 0 && !isReportedElsewhere(draft)) reportNothingToRun(draft);
  if (draft.compose.build === undefined) reportCodeLeftBehind(draft, words ?? [], isFile);
  return {
    context,
    command: words ?? [],
    install: install === null || install.length === 0 ? null : install,
    workingDir: workingDirOf(draft),
  };
}

export type ImageLaunch = Launch & {
  readonly container: {
    readonly context: string | null;
    readonly entrypoint: readonly string[] | null;
    readonly command: readonly string[] | null;
  };
};

/** Without `build` nothing of the project's folder is there when the command runs, so a command that names a file of it fails. */
function reportCodeLeftBehind(draft: Draft, words: readonly string[], isFile: (path: string) => boolean): void {
  const key = keySpanAt(draft.root, pathIn(draft));
  const folder = folderOf(key.source.file);
  const file = words.find((word) => !word.startsWith('-') && !isAbsolute(word) && isFile(resolvePath(folder, word)));
  if (file === undefined) return;
  const message = `the command names ${file}, but without build it runs in an empty folder of its own`;
  draft.problems.push(warningAt(pathIn(draft), key, message, 'add build: . so that the code is there'));
}

/** The same for a container, which has the command of its image unless the file has another; x-friday.process is for processes. */
export function imageLaunchOf(draft: Draft, isFolder: (path: string) => boolean): ImageLaunch {
  const { compose } = draft;
  const context = contextOf(draft, isFolder, true);
  const entrypoint = wordsAt(draft, pathIn(draft, 'entrypoint'), compose.entrypoint);
  const command = wordsAt(draft, pathIn(draft, 'command'), compose.command);
  return {
    context: context === null || isAddress(context) ? null : context,
    command: [],
    install: null,
    workingDir: '.',
    container: {
      context,
      entrypoint: compose.entrypoint === undefined ? null : entrypoint,
      command: compose.command === undefined ? null : command,
    },
  };
}

function joined(entrypoint: readonly string[] | null, command: readonly string[] | null): readonly string[] | null {
  return entrypoint === null || command === null ? null : [...entrypoint, ...command];
}

/** There is a command, but it is wrong, misspelt, or part of a service that could not be extended: that has its own problem. */
function isReportedElsewhere(draft: Draft): boolean {
  const { compose, friday } = draft;
  const places: [unknown, Path][] = [
    [friday.process, pathIn(draft, 'x-friday', 'process')],
    [friday.process, pathIn(draft, 'x-friday', 'process', 'command')],
    [compose.entrypoint, pathIn(draft, 'entrypoint')],
    [compose.command, pathIn(draft, 'command')],
    [undefined, pathIn(draft, 'extends')],
  ];
  const isWrong = places.some(([value, path]) => {
    const tree = treeAt(draft.root, path);
    return value === undefined && tree !== null && !(tree.type === 'leaf' && tree.value === null);
  });
  const service = treeAt(draft.root, pathIn(draft));
  const keys = service?.type === 'fields' ? [...service.entries.keys()] : [];
  const misspelt = keys.some((key) => !isServiceKey(key) && nearest(key, ['command', 'entrypoint']) !== null);
  return isWrong || misspelt;
}

function isServiceKey(key: string): boolean {
  return Object.hasOwn(SERVICE_KEYS, key) || key.startsWith('x-');
}

function reportNothingToRun(draft: Draft): void {
  const path = pathIn(draft);
  const { build, image } = draft.compose;
  const [reason, hint] =
    build !== undefined
      ? ['the CMD of a Dockerfile is not read, and there is no command', 'add one, for example command: node server.js']
      : image !== undefined
        ? ['the process runtime runs no images', 'say how: x-friday: { process: { command: … } }']
        : ['there is no command', 'add one, for example command: node server.js'];
  draft.problems.push(errorAt(path, keySpanAt(draft.root, path), `nothing to run: ${reason}`, hint));
}

/** The words of a command, none when there is no command; null when it is wrong. */
function wordsAt(draft: Draft, path: Path, command: string | readonly string[] | undefined): readonly string[] | null {
  if (command === undefined) return [];
  const span = spanAt(draft.root, path);
  if (typeof command !== 'string') return command;
  const split = splitWords(command);
  if ('error' in split) {
    draft.problems.push(errorAt(path, span, split.error));
    return null;
  }
  const word = shellWord(split.words);
  if (word !== null) {
    const message = `commands run without a shell: ${word} is passed on as a word`;
    const hint = word.includes('=') ? 'put it under environment' : 'write ["sh", "-c", "…"]';
    draft.problems.push(warningAt(path, span, message, hint));
  }
  return split.words;
}

function contextOf(draft: Draft, isFolder: (path: string) => boolean, mayBeAddress = false): string | null {
  const { build } = draft.compose;
  if (build === undefined) return null;
  const context = typeof build === 'string' ? build : build.context;
  const path = pathIn(draft, 'build', 'context');
  if (context === undefined) return folderOf(keySpanAt(draft.root, pathIn(draft, 'build')).source.file);
  if (isAddress(context)) {
    if (mayBeAddress) return context;
    draft.problems.push(
      errorAt(path, spanAt(draft.root, path), 'expected a folder, got an address', 'clone it and give the folder'),
    );
  } else if (!isFolder(context)) {
    draft.problems.push(errorAt(path, spanAt(draft.root, path), `there is no folder ${context}`));
  }
  return context;
}

function workingDirOf(draft: Draft): string {
  const folder = draft.compose.working_dir;
  if (folder === undefined || folder === '') return '.';
  const path = pathIn(draft, 'working_dir');
  const span = spanAt(draft.root, path);
  if (folder.startsWith('/')) {
    const message = `${folder} is a folder of a container; the process starts in the build folder`;
    draft.problems.push(warningAt(path, span, message, 'give a folder inside the build folder'));
    return '.';
  }
  const parts: string[] = [];
  for (const part of folder.split('/')) {
    if (part === '..' && parts.length === 0) {
      draft.problems.push(errorAt(path, span, 'expected a folder inside the build folder'));
      return '.';
    }
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}
