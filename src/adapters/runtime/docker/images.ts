// Makes revisions of containers: an image under a name of its own for each, so that it stays as long as it may be needed.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { Revision } from '../../../core/service.ts';
import type { ContainerFile, ContainerSpec, ImageBuild } from '../../../core/spec/container.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { Engine } from '../engine/client.ts';
import { Image, ImageListed } from '../engine/objects.ts';
import { hashOf } from '../process/snapshot/digest.ts';
import { commitOf } from '../process/snapshot/label.ts';
import { buildImage } from './build.ts';
import { contextDigest } from './context.ts';
import { imageOf, LABEL, repositoryOf, tagOf } from './names.ts';
import { pullImage, registryDigest } from './pull.ts';

export type Images = {
  readonly engine: Engine;
  readonly project: string;
  readonly buildTimeoutMs: number;
};

/** A service of the runtimes for containers has this part. Failure: `invalid`. */
export function containerOf(spec: ServiceSpec): ContainerSpec {
  if (spec.container !== undefined) return spec.container;
  throw new Failure('invalid', `${spec.name} was made for processes and cannot run in a container.`, {
    hint: 'Run friday up, which reads the file anew.',
  });
}

/** What `prepare` would make now. Failures: `invalid`, `unavailable`. */
export async function identifyImage(images: Images, spec: ServiceSpec): Promise<Revision> {
  const { build, image } = containerOf(spec);
  const content = build === null ? await identityOf(images, image ?? '', containerOf(spec)) : await buildDigest(build);
  return revisionOf(spec, content);
}

/** The image of what the service is now, built or pulled unless it is there. Failures: `invalid`, `not-found`, `unavailable`. */
export async function prepareImage(images: Images, spec: ServiceSpec): Promise<Revision> {
  const container = containerOf(spec);
  const { build } = container;
  if (build !== null) {
    const content = await buildDigest(build);
    const revision = await revisionOf(spec, content);
    if (!(await hasImage(images, imageOf(images.project, spec.name, revision.digest)))) {
      const id = (await builtBefore(images, content)) ?? (await buildFor(images, spec, build, content));
      await keep(images, spec.name, revision, id);
    }
    return revision;
  }
  const id = await pulled(images, spec.name, container);
  const revision = await revisionOf(spec, id.identity);
  await keep(images, spec.name, revision, id.image);
  return revision;
}

/** Whether the image is here. Failure: `unavailable`. */
export async function hasImage(images: Images, name: string): Promise<boolean> {
  return (await imageNamed(images.engine, name)) !== null;
}

export async function imageNamed(engine: Engine, name: string): Promise<Image | null> {
  try {
    return await engine.get(`/images/${name}/json`, Image);
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return null;
    throw error;
  }
}

/** Takes the names away from images of revisions that nobody needs; the engine deletes what has no other name. */
export async function pruneImages(images: Images, service: string, used: ReadonlySet<string>): Promise<void> {
  const { engine, project } = images;
  const kept = new Set([...used].map(tagOf));
  const repository = repositoryOf(project, service);
  const query = { filters: JSON.stringify({ reference: [repository] }) };
  const all = await engine.get('/images/json', z.array(ImageListed), { query });
  for (const name of all.flatMap(({ RepoTags }) => RepoTags)) {
    if (!name.startsWith(`${repository}:`) || kept.has(name.slice(repository.length + 1))) continue;
    try {
      await engine.order('DELETE', `/images/${name}`);
    } catch (error) {
      // In use by a container that is not ours to stop: it goes another time.
      if (!(error instanceof Failure) || !['conflict', 'not-found'].includes(error.code)) throw error;
    }
  }
}

async function keep({ engine, project }: Images, service: string, { digest }: Revision, id: string): Promise<void> {
  await engine.order('POST', `/images/${id}/tag`, {
    query: { repo: repositoryOf(project, service), tag: tagOf(digest) },
  });
}

/** An image of the same content, made for another configuration. */
async function builtBefore({ engine, project }: Images, content: string): Promise<string | null> {
  const filters = JSON.stringify({ label: [`${LABEL.build}=${content}`, `${LABEL.project}=${project}`] });
  const [found] = await engine.get('/images/json', z.array(ImageListed), { query: { filters } });
  return found?.Id ?? null;
}

function buildFor(images: Images, spec: ServiceSpec, build: ImageBuild, content: string): Promise<string> {
  const { image } = containerOf(spec);
  return buildImage({
    service: spec.name,
    build,
    host: images.engine.host,
    labels: { [LABEL.project]: images.project, [LABEL.service]: spec.name, [LABEL.build]: content },
    tags: image === null ? [] : [image],
    timeoutMs: images.buildTimeoutMs,
  });
}

type Pulled = { readonly identity: string; readonly image: string };

async function pulled(images: Images, service: string, container: ContainerSpec): Promise<Pulled> {
  const { image: name, pullPolicy, platform } = container;
  const reference = name ?? '';
  const before = pullPolicy === 'always' ? null : await imageNamed(images.engine, reference);
  if (before === null) {
    if (pullPolicy === 'never') {
      const hint = 'Load or build it on this machine, or take pull_policy: never out.';
      throw new Failure('not-found', `The image ${reference} of ${service} is not on this machine.`, { hint });
    }
    await pullImage(images.engine, service, reference, platform);
  }
  const found = before ?? (await imageNamed(images.engine, reference));
  if (found === null)
    throw new Failure('not-found', `The image ${reference} of ${service} was pulled and is not there.`);
  return { identity: contentOf(found, reference), image: found.Id };
}

/** What tells two images apart whether or not they are here: the digest of the registry, else their own id. */
function contentOf({ Id, RepoDigests }: Image, reference: string): string {
  const repository = reference.replace(/@.*$/, '').replace(/:[^:/]+$/, '');
  const found = RepoDigests.find((one) => one.split('@')[0] === repository) ?? RepoDigests[0];
  return found?.split('@')[1] ?? Id;
}

async function identityOf({ engine }: Images, reference: string, { pullPolicy }: ContainerSpec): Promise<string> {
  const here = await imageNamed(engine, reference);
  if (here !== null && pullPolicy !== 'always') return contentOf(here, reference);
  return (await registryDigest(engine, reference)) ?? (here === null ? reference : contentOf(here, reference));
}

/** Over everything that goes into the image. */
async function buildDigest(build: ImageBuild): Promise<string> {
  const { context, ...rest } = build;
  const content = context.startsWith('/') ? await contextDigest(build) : context;
  const { args, labels, isCacheOff: _, isPulled: __, cacheFrom: ___, ...others } = rest;
  return digestOf([1, content, sorted(args), sorted(labels), others]);
}

/** The revision: image and configuration. How readiness is found out, and where the build folder lies, do not count. */
async function revisionOf(spec: ServiceSpec, content: string): Promise<Revision> {
  const { build, files, placement: _, ...container } = containerOf(spec);
  const secrets = await Promise.all(files.map(fileDigest));
  const { readiness, port } = spec;
  const healthcheck = container.healthcheck === 'own' && readiness.type === 'command' ? readiness.command : null;
  const digest = digestOf([
    1,
    content,
    { ...container, image: build === null ? null : container.image },
    secrets,
    healthcheck,
    port,
    sorted(spec.environment),
    spec.stopSignal,
  ]);
  return { digest, label: await labelOf(spec, digest) };
}

/** A secret that was changed makes a new revision. */
async function fileDigest({ from, ...file }: ContainerFile): Promise<unknown> {
  if (from.type !== 'file') return [file, digestOf(from)];
  const hash = await hashOf(from.path).catch(() => null);
  return [file, hash];
}

/** The commit of the build folder, the tag of the image, or the first digits of the digest. */
async function labelOf(spec: ServiceSpec, digest: string): Promise<string> {
  const short = digest.slice(0, 7);
  if (spec.context !== null) return (await commitOf(spec.context)) ?? short;
  const reference = spec.container?.image ?? '';
  const tag = /:([^:/@]+)$/.exec(reference)?.[1];
  return reference.includes('@') ? short : (tag ?? 'latest');
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function sorted(of: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The same as one thing, for another runtime over the same kind of engine. */
export function imagesOf(images: Images): {
  identify(spec: ServiceSpec): Promise<Revision>;
  prepare(spec: ServiceSpec): Promise<Revision>;
  /** Every other revision's image loses its name, also one in use. */
  prune(service: string, keep: readonly string[]): Promise<void>;
  /** Id of a revision's image; null = it is not here. */
  find(service: string, digest: string): Promise<string | null>;
} {
  return {
    identify: (spec) => identifyImage(images, spec),
    prepare: (spec) => prepareImage(images, spec),
    prune: (service, keep) => pruneImages(images, service, new Set(keep)),
    find: async (service, digest) => {
      return (await imageNamed(images.engine, imageOf(images.project, service, digest)))?.Id ?? null;
    },
  };
}
