// Makes revisions: identifies what a service is now, and puts an immutable copy of it on the shelf.
import { existsSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../../core/failure.ts';
import type { Revision } from '../../../../core/service.ts';
import type { ServiceSpec } from '../../../../core/spec/project.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { ownEnvironment } from '../launch/words.ts';
import type { Layout } from '../layout.ts';
import { copyTree, type Earlier } from './copy.ts';
import { digestOf, hashesOf } from './digest.ts';
import { install, protect } from './install.ts';
import { commitOf } from './label.ts';
import { type Shelf, shelfOf } from './shelf.ts';
import { type Entry, type WalkLimits, walk } from './walk.ts';

export type Workshop = {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly limits: WalkLimits;
  readonly installTimeoutMs: number;
};

type Content = { readonly entries: readonly Entry[]; readonly hashes: Map<string, string>; readonly digest: string };

/** What `prepare` would make now. Failure: `invalid`. */
export async function identify(workshop: Workshop, spec: ServiceSpec): Promise<Revision> {
  const { digest } = await read(workshop, spec);
  const known = await shelfOf(workshop.layout, spec.name).find(digest);
  return { digest, label: known?.label ?? (await labelOf(spec, digest)) };
}

/**
 * The revision of what the service is now, made unless it is there already. It appears in one step: after a crash it
 * is there whole or not at all. Calls for one service must not overlap. Failure: `invalid`.
 */
export async function prepare(workshop: Workshop, spec: ServiceSpec): Promise<Revision> {
  const shelf = shelfOf(workshop.layout, spec.name);
  const now = await read(workshop, spec);
  const known = await shelf.find(now.digest);
  if (known !== null) return { digest: known.digest, label: known.label };
  await shelf.sweep();
  const folder = await shelf.workshop(workshop.clock.token());
  try {
    return await make(workshop, spec, shelf, folder, now);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function make(
  workshop: Workshop,
  spec: ServiceSpec,
  shelf: Shelf,
  folder: string,
  now: Content,
): Promise<Revision> {
  const { context } = spec;
  const earlier = spec.install === null ? await newest(shelf) : null;
  const files = context === null ? [] : await copyTree(context, folder, now.entries, now.hashes, earlier);
  const digest = digestOf(spec, now.entries, new Map(files.map(({ path, hash }) => [path, hash])));
  const known = await shelf.find(digest);
  if (known !== null) return { digest, label: known.label };
  const label = await labelOf(spec, digest);
  let installLog: string | null = null;
  if (spec.install !== null) {
    const environment = { ...ownEnvironment(), ...spec.environment };
    const { installTimeoutMs: timeoutMs } = workshop;
    installLog = await install({ service: spec.name, command: spec.install, folder, environment, timeoutMs });
    await protect(folder);
  }
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const manifest = { digest, label, createdAt: workshop.clock.now(), size, hasInstall: spec.install !== null };
  await shelf.put(manifest, folder, { files: spec.install === null ? files : null, installLog });
  return { digest, label };
}

async function read(workshop: Workshop, spec: ServiceSpec): Promise<Content> {
  const { context } = spec;
  if (context === null && spec.install !== null) {
    throw new Failure('invalid', `${spec.name} has a preparation but no build folder that it could run in.`, {
      hint: 'Set build to a folder, or remove x-friday.process.install.',
    });
  }
  if (context !== null) checkInside(spec, context);
  const own = existsSync(workshop.layout.root) ? realpathSync(workshop.layout.root) : workshop.layout.root;
  const entries = context === null ? [] : await walk(context, workshop.limits, [own]);
  const hashes = context === null ? new Map<string, string>() : await hashesOf(context, entries);
  return { entries, hashes, digest: digestOf(spec, entries, hashes) };
}

function checkInside(spec: ServiceSpec, context: string): void {
  const folder = join(context, spec.workingDir);
  if (folder !== join(context) && !folder.startsWith(join(context, '/'))) {
    throw new Failure('invalid', `The working folder ${spec.workingDir} of ${spec.name} is outside its build folder.`);
  }
}

async function newest(shelf: Shelf): Promise<Earlier | null> {
  for (const { digest, hasInstall } of (await shelf.all()).reverse()) {
    const files = hasInstall ? null : await shelf.filesOf(digest);
    if (files !== null) return { root: shelf.folderOf(digest), files };
  }
  return null;
}

async function labelOf({ context }: ServiceSpec, digest: string): Promise<string> {
  return (context === null ? null : await commitOf(context)) ?? digest.slice(0, 7);
}
