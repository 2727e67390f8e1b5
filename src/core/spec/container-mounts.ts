// Works out what is mounted into a container: volumes, folders of the machine, tmpfs, secrets and configs.
import type { ContainerFile, Mount } from './container.ts';
import { type ContainerDraft, pairsOf, resourceName, warn } from './container-draft.ts';
import { pathIn } from './draft.ts';
import { isAbsolute, resolvePath } from './path.ts';
import { didYouMean, errorAt } from './problem.ts';
import { spanAt } from './tree.ts';

type Written = NonNullable<ContainerDraft['own']['volumes']>[number];
type LongVolume = Exclude<Written, string>;

/** Of several mounts at one place the last one counts, as when files are laid over each other. */
export function mountsOf(draft: ContainerDraft): Mount[] {
  const { volumes = [], tmpfs = [] } = draft.own;
  const mounts = volumes.flatMap((written, index) => {
    const long = typeof written === 'string' ? longForm(written) : written;
    if (long === null) return wrong(draft, ['volumes', index], 'expected source:target[:ro]');
    return mountOf(draft, long, ['volumes', index]);
  });
  const memory = (typeof tmpfs === 'string' ? [tmpfs] : tmpfs).flatMap((text) => tmpfsOf(draft, text));
  return [...new Map([...mounts, ...memory].map((mount) => [mount.target, mount])).values()];
}

function wrong(
  draft: ContainerDraft,
  keys: readonly (string | number)[],
  message: string,
  hint: string | null = null,
): [] {
  const path = pathIn(draft, ...keys);
  draft.problems.push(errorAt(path, spanAt(draft.root, path), message, hint));
  return [];
}

/** `data:/data:ro`, `./web:/app`, `/anonymous`. Null when it is none of these. */
function longForm(text: string): LongVolume | null {
  const [first = '', second, third = '', ...rest] = text.split(':');
  if (rest.length > 0 || first === '') return null;
  if (second === undefined) return { type: 'volume', target: first };
  const modes = third === '' ? [] : third.split(',');
  const isBind = /^[./~]/.test(first);
  const propagation = modes.find((mode) => /^r?(private|shared|slave)$/.test(mode));
  return {
    type: isBind ? 'bind' : 'volume',
    source: first,
    target: second,
    read_only: modes.includes('ro'),
    ...(isBind ? { bind: { create_host_path: true, ...(propagation === undefined ? {} : { propagation }) } } : {}),
    ...(!isBind && modes.includes('nocopy') ? { volume: { nocopy: true } } : {}),
  };
}

function mountOf(draft: ContainerDraft, long: LongVolume, at: readonly (string | number)[]): Mount[] {
  const { type = 'volume', target, read_only: isReadOnly = false } = long;
  if (!isAbsolute(target)) return wrong(draft, at, `expected an absolute path in the container, got "${target}"`);
  if (type === 'tmpfs') {
    return [{ type, target, sizeBytes: long.tmpfs?.size ?? null, mode: long.tmpfs?.mode ?? null }];
  }
  if (type === 'bind') return bindOf(draft, long, at, isReadOnly);
  if (type !== 'volume') return wrong(draft, at, `expected a volume, bind or tmpfs, got ${type}`);
  if (long.volume?.subpath !== undefined) warn(draft, at, 'volume.subpath is not used: the whole volume is mounted');
  return volumeOf(draft, long, at, isReadOnly);
}

function bindOf(
  draft: ContainerDraft,
  long: LongVolume,
  at: readonly (string | number)[],
  isReadOnly: boolean,
): Mount[] {
  const { source = '', target, bind } = long;
  const home = draft.all.lookup('HOME');
  const filled = source.startsWith('~') && home !== undefined ? resolvePath(home, `.${source.slice(1)}`) : source;
  if (!isAbsolute(filled)) return wrong(draft, at, `expected a folder of the machine, got "${source}"`);
  const isCreated = bind?.create_host_path ?? true;
  return [{ type: 'bind', target, source: filled, isReadOnly, isCreated, propagation: bind?.propagation ?? null }];
}

function volumeOf(
  draft: ContainerDraft,
  long: LongVolume,
  at: readonly (string | number)[],
  isReadOnly: boolean,
): Mount[] {
  const { source, target } = long;
  const common = { type: 'volume' as const, target, isReadOnly, isCopyOff: long.volume?.nocopy ?? false };
  if (source === undefined || source === '') {
    return [{ ...common, name: null, isExternal: false, driver: null, driverOptions: {}, labels: {} }];
  }
  const { volumes } = draft.all.resources;
  const known = volumes.get(source);
  if (known === undefined) {
    const hint = didYouMean(source, [...volumes.keys()]) ?? `add volumes: { ${source}: {} } at the top of the file`;
    return wrong(draft, at, `there is no volume "${source}" at the top of the file`, hint);
  }
  return [
    {
      ...common,
      ...resourceName(source, known, draft.all.project),
      driver: known.driver ?? null,
      driverOptions: pairsOf(known.driver_opts),
      labels: pairsOf(known.labels),
    },
  ];
}

/** `/run`, `/run:size=64m,mode=1777`. */
function tmpfsOf(draft: ContainerDraft, text: string): Mount[] {
  const [target = '', options = ''] = text.split(':');
  if (!isAbsolute(target)) return wrong(draft, ['tmpfs'], `expected an absolute path in the container, got "${text}"`);
  const size = /(?:^|,)size=(\d+)([kmg]?)(?:,|$)/i.exec(options);
  const mode = /(?:^|,)mode=([0-7]+)(?:,|$)/.exec(options);
  const factor = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[(size?.[2] ?? '').toLowerCase()] ?? 1;
  const sizeBytes = size === null ? null : Number(size[1]) * factor;
  return [{ type: 'tmpfs', target, sizeBytes, mode: mode === null ? null : Number.parseInt(mode[1] ?? '', 8) }];
}

const FOLDERS = { secrets: '/run/secrets/', configs: '/' } as const;

export function filesOf(draft: ContainerDraft): ContainerFile[] {
  const files = (['secrets', 'configs'] as const).flatMap((key) =>
    (draft.own[key] ?? []).flatMap((written, index) => {
      const long = typeof written === 'string' ? { source: written } : written;
      return fileOf(draft, key, long, [key, index]);
    }),
  );
  return [...new Map(files.map((file) => [file.target, file])).values()];
}

type LongFile = Exclude<NonNullable<ContainerDraft['own']['secrets']>[number], string>;

function fileOf(
  draft: ContainerDraft,
  key: 'secrets' | 'configs',
  { source, target = source, uid = 0, gid = 0, mode = 0o444 }: LongFile,
  at: readonly (string | number)[],
): ContainerFile[] {
  const known = draft.all.resources[key].get(source);
  if (known === undefined) {
    const hint = didYouMean(source, [...draft.all.resources[key].keys()]);
    return wrong(draft, at, `there is no "${source}" under ${key} at the top of the file`, hint);
  }
  const from = contentOf(draft, source, known);
  if (typeof from === 'string') return wrong(draft, at, from);
  if (from.type === 'external' && draft.all.runtime === 'docker') {
    return wrong(draft, at, `${source} is external, which only swarm has`, 'give it with file or environment');
  }
  return [{ name: source, target: isAbsolute(target) ? target : `${FOLDERS[key]}${target}`, from, uid, gid, mode }];
}

type NamedFile = ContainerDraft['all']['resources']['secrets'] extends ReadonlyMap<string, infer F> ? F : never;

/** Where its content is, or what is wrong. */
function contentOf(draft: ContainerDraft, name: string, written: NamedFile): ContainerFile['from'] | string {
  const { file, environment, content, external } = written;
  if (external !== undefined && external !== false) {
    return { type: 'external', name: resourceName(name, written, draft.all.project).name };
  }
  if (file !== undefined) return { type: 'file', path: file };
  if (content !== undefined) return { type: 'text', text: content };
  if (environment === undefined) return `${name} has no content: expected file, environment or content`;
  const text = draft.all.lookup(environment);
  return text === undefined
    ? `${name} comes from the variable ${environment}, which is not set`
    : { type: 'text', text };
}
