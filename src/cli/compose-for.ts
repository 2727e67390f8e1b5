// Writes the text of a first compose.yaml from what lies in a folder.

import { stringify } from 'yaml';
import { splitWords } from '../core/spec/words.ts';

/** What was found in a folder; null or false for what is not there. */
export type FolderFacts = {
  /** Name of the folder. */
  readonly name: string;
  /** Names of the files in it. */
  readonly files: readonly string[];
  readonly packageJson: string | null;
  readonly procfile: string | null;
  readonly dockerfile: string | null;
};

type Found = {
  readonly name: string;
  /** Folder of its code, seen from compose.yaml. */
  readonly build: string;
  readonly command: string | readonly string[];
  readonly install: string | null;
  /** Whether it listens. */
  readonly isWeb: boolean;
  /** Whether it takes traffic from outside. */
  readonly isPublic: boolean;
  readonly port: number;
  /** Where the command was found, for the comment above it. */
  readonly from: string;
};

/**
 * The text of a compose.yaml that runs this folder, or else what lies in the folders within it, one service each; null
 * when nothing to run was found. Looked at, in this order: Procfile, CMD and ENTRYPOINT of the Dockerfile, the start
 * script of package.json, server, app, index or main .ts, .js or .mjs, app.py or main.py. `schema` is what the editor
 * line points at.
 */
export function composeFor(facts: FolderFacts, schema: string, within: readonly FolderFacts[] = []): string | null {
  const own = fromProcfile(facts) ?? fromOne(facts);
  const found = own.length > 0 ? own : fromFolders(within);
  if (found.length === 0) return null;
  const blocks = found.map(serviceText).join('\n');
  return `# yaml-language-server: $schema=${schema}\nname: ${safeName(facts.name, 'project')}\nservices:\n${blocks}x-friday:\n  listen: 127.0.0.1:8080 # where public traffic arrives; 0.0.0.0:80 is every address of this machine\n`;
}

function fromOne(facts: FolderFacts): Found[] {
  const found = fromDockerfile(facts) ?? fromPackage(facts) ?? fromScript(facts) ?? fromPython(facts);
  return found === null ? [] : [found];
}

/** Names of the service that people reach, the likeliest first. */
const PUBLIC_NAMES = ['web', 'www', 'frontend', 'gateway', 'app', 'site', 'api'];

function fromFolders(within: readonly FolderFacts[]): Found[] {
  const found = within.flatMap((facts) =>
    fromOne(facts).map((one) => ({ ...one, build: `./${facts.name}`, from: `${facts.name}/${one.from}` })),
  );
  const front =
    PUBLIC_NAMES.map((name) => found.findIndex((one) => one.name === name)).find((index) => index >= 0) ?? 0;
  const seen = new Set<string>();
  return found
    .map((one, index) => ({ ...one, isPublic: index === front }))
    .filter(({ name }) => !seen.has(name) && seen.add(name));
}

function serviceText(service: Found): string {
  const route = service.isPublic
    ? "      route: '*' # any host; or shop.example.com, or shop.example.com/api"
    : "      # route: '*' # without it, only the other services reach it, by their variable";
  const lines = [
    `  ${service.name}:`,
    `    build: ${flow(service.build)}`,
    `    command: ${flow(service.command)} # from ${service.from}`,
    ...(service.isWeb || service.install !== null ? ['    x-friday:'] : []),
    ...(service.isWeb
      ? [
          `      port: ${service.port} # the process gets its own port as PORT and listens there`,
          route,
          '      # ready: /health # GET, 2xx = ready; without it, ready once the port opens',
          '      release: { plan: auto } # or a list like [1, 5, 25, 50] with bake: 2m',
        ]
      : []),
    ...(service.install === null ? [] : [`      process: { install: ${flow(service.install, true)} }`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A value in one line of YAML, with every dollar sign doubled so that nothing is filled in. */
function flow(value: string | readonly string[], isInFlow = false): string {
  const escaped =
    typeof value === 'string'
      ? value.replaceAll('$', () => '$$')
      : value.map((word) => word.replaceAll('$', () => '$$'));
  const text = stringify(isInFlow ? [escaped] : escaped, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: false,
  }).trim();
  return isInFlow ? text.slice(1, -1) : text;
}

function safeName(text: string, otherwise: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? otherwise : name;
}

/** A command line as it is, or through a shell when only a shell understands it. */
function commandFor(line: string): string | readonly string[] {
  const split = splitWords(line);
  const needsShell = 'error' in split || /[|&;<>`*?~$]/.test(line) || /^\w+=/.test(line);
  return needsShell ? ['sh', '-c', line] : line;
}

function fromProcfile(facts: FolderFacts): Found[] | null {
  const commands = new Map<string, string>();
  for (const line of (facts.procfile ?? '').split(/\r?\n/)) {
    const [, type = '', command = ''] = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line) ?? [];
    if (command !== '' && type !== 'release' && commands.size < 50) commands.set(safeName(type, 'web'), command.trim());
  }
  if (commands.size === 0) return null;
  const install = installFor(facts);
  return [...commands].map(([name, command]) => ({
    ...web(facts),
    name,
    command: commandFor(command),
    install,
    isWeb: name === 'web' || commands.size === 1,
    from: 'Procfile',
  }));
}

function fromDockerfile(facts: FolderFacts): Found | null {
  const entrypoint = lastInstruction(facts.dockerfile, 'ENTRYPOINT');
  const cmd = lastInstruction(facts.dockerfile, 'CMD');
  if (entrypoint === null && cmd === null) return null;
  const command =
    typeof entrypoint === 'string'
      ? entrypoint
      : typeof cmd === 'string' && entrypoint === null
        ? cmd
        : [...(entrypoint ?? []), ...(typeof cmd === 'string' ? ['sh', '-c', cmd] : (cmd ?? []))];
  if (command.length === 0) return null;
  const from = entrypoint === null ? 'CMD of the Dockerfile' : 'ENTRYPOINT and CMD of the Dockerfile';
  const isLine = typeof command === 'string';
  return { ...web(facts), command: isLine ? commandFor(command) : command, from };
}

/** The words of an instruction in JSON form, or its line in shell form; of several the last one counts. */
function lastInstruction(dockerfile: string | null, name: string): string | readonly string[] | null {
  const joined = (dockerfile ?? '').replace(/\\\r?\n/g, ' ');
  const lines = joined.split(/\r?\n/).filter((line) => new RegExp(`^\\s*${name}\\s+\\S`, 'i').test(line));
  const text = lines.at(-1)?.trim().slice(name.length).trim();
  if (text === undefined) return null;
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Not JSON: the shell form.
  }
  return text;
}

function exposedPort(dockerfile: string | null): number | null {
  const [, digits] = /^\s*EXPOSE\s+(\d{1,5})(?:\/tcp)?\s*$/im.exec(dockerfile ?? '') ?? [];
  const port = Number(digits);
  return digits === undefined || port < 1 || port > 65_535 ? null : port;
}

type Package = { readonly start: string | null; readonly hasDependencies: boolean };

function packageOf(facts: FolderFacts): Package | null {
  if (facts.packageJson === null) return null;
  try {
    const parsed: unknown = JSON.parse(facts.packageJson);
    if (typeof parsed !== 'object' || parsed === null) return null;
    const { scripts, dependencies } = parsed as { scripts?: { start?: unknown }; dependencies?: object };
    const start = typeof scripts?.start === 'string' && scripts.start.trim() !== '' ? scripts.start.trim() : null;
    return { start, hasDependencies: Object.keys(dependencies ?? {}).length > 0 };
  } catch {
    return null;
  }
}

/** A start script that only calls node runs without npm in between, so that signals reach it at once. */
function fromPackage(facts: FolderFacts): Found | null {
  const start = packageOf(facts)?.start ?? null;
  if (start === null) return null;
  const isDirect = /^node\s/.test(start) && typeof commandFor(start) === 'string';
  return { ...web(facts), command: isDirect ? start : 'npm start', from: 'the start script of package.json' };
}

function fromScript(facts: FolderFacts): Found | null {
  const names = ['server', 'app', 'index', 'main'].flatMap((name) =>
    ['ts', 'js', 'mjs'].map((ending) => `${name}.${ending}`),
  );
  const file = names.find((name) => facts.files.includes(name));
  return file === undefined ? null : { ...web(facts), command: `node ${file}`, from: file };
}

function fromPython(facts: FolderFacts): Found | null {
  const file = ['app.py', 'main.py'].find((name) => facts.files.includes(name));
  if (file === undefined) return null;
  const python = facts.files.includes('requirements.txt') ? '.venv/bin/python' : 'python3';
  return { ...web(facts), command: `${python} ${file}`, from: file };
}

function web(facts: FolderFacts): Omit<Found, 'command' | 'from'> {
  const port = exposedPort(facts.dockerfile) ?? 3000;
  return {
    name: safeName(facts.name, 'web'),
    build: '.',
    install: installFor(facts),
    isWeb: true,
    isPublic: true,
    port,
  };
}

/** What prepares a fresh copy of the folder: the dependencies of Node or of Python. */
function installFor(facts: FolderFacts): string | null {
  if (facts.files.includes('package-lock.json')) return 'npm ci';
  if (packageOf(facts)?.hasDependencies === true) return 'npm install';
  if (facts.files.includes('requirements.txt')) {
    return 'sh -c "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"';
  }
  return null;
}
