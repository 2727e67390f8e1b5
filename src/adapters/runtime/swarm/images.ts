// The images of revisions, as the Swarm runtime needs them: made on the manager's engine, and then had by every node.
import { Failure } from '../../../core/failure.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { Runtime } from '../../../ports/runtime.ts';
import { containerOf, identifyImage, imageNamed, prepareImage, pruneImages } from '../docker/images.ts';
import { imageOf } from '../docker/names.ts';
import { ensureResources } from '../docker/resources.ts';
import type { Engine } from '../engine/client.ts';
import type { Addresses } from './addresses.ts';
import type { ImageWanted } from './crowding.ts';
import type { SwarmNode } from './objects.ts';
import { pushImage } from './registry.ts';
import { imageSpread, type NodeEngine } from './spread.ts';

export type Images = Pick<Runtime, 'identify' | 'prepare' | 'prune'> & {
  /** What Swarm is told to run for a revision: an image id, or a name in a registry with its digest. Null = it is not here. */
  find(spec: ServiceSpec, digest: string): Promise<string | null>;
  /** Whether a node can run it at once, as far as is known. When it cannot, the image is on its way there, or nobody knows how. */
  isOn(node: SwarmNode, wanted: ImageWanted): Promise<boolean>;
};

export type ImagesOptions = {
  readonly project: string;
  /** Of a manager. */
  readonly engine: Engine;
  readonly nodes: () => Promise<readonly SwarmNode[]>;
  /** Id of the node whose engine this is. */
  readonly ownNode: () => Promise<string>;
  readonly addresses: Addresses;
  /** Default 30 minutes. */
  readonly buildTimeoutMs?: number;
};

const BUILD_MS = 1_800_000;

export function swarmImages(options: ImagesOptions): Images {
  const { project, engine, nodes, ownNode, addresses, buildTimeoutMs = BUILD_MS } = options;
  const made = { engine, project, buildTimeoutMs };
  const spread = imageSpread(engine);
  const bring = async (spec: ServiceSpec, digest: string) => {
    const { registry, engines } = containerOf(spec).placement;
    const name = imageOf(project, spec.name, digest);
    if (registry !== null) return void (await pushImage(engine, name, registry));
    const image = await imageNamed(engine, name);
    if (image !== null)
      await spread.bring(image.Id, name, enginesOf(await nodes(), await ownNode(), engines, spec.name));
  };
  return {
    identify: async (spec) => {
      addresses.learn(spec);
      return identifyImage(made, spec);
    },
    prepare: async (spec) => {
      addresses.learn(spec);
      const revision = await prepareImage(made, spec);
      await ensureResources(engine, project, overlaid(containerOf(spec)));
      await bring(spec, revision.digest);
      return revision;
    },
    prune: (service, keep) => pruneImages(made, service, new Set(keep)),
    find: async (spec, digest) => {
      const image = await imageNamed(engine, imageOf(project, spec.name, digest));
      const { registry } = containerOf(spec).placement;
      if (image === null || registry === null) return image?.Id ?? null;
      return image.RepoDigests.find((one) => one.startsWith(`${registry}/`)) ?? null;
    },
    isOn: async (node, { image, service, digest }) => {
      // Nodes fetch what has a name, and load what has only an id.
      if (!image.startsWith('sha256:') || node.ID === (await ownNode())) return true;
      const host = addresses.of(node);
      if (host === null) return false;
      const there = { nodeId: node.ID, hostname: node.Description.Hostname, host };
      return spread.isThere(image, imageOf(project, service, digest), there);
    },
  };
}

/** Networks of a Swarm span its nodes. Volumes are made by each node when it needs them. */
function overlaid(container: ReturnType<typeof containerOf>): ReturnType<typeof containerOf> {
  const networks = container.networks.map((one) => ({ ...one, driver: one.driver ?? 'overlay', isAttachable: true }));
  return { ...container, networks, mounts: [] };
}

/** Engines of the other nodes that can have instances. Failure: `invalid` (one has no address in the file). */
function enginesOf(
  nodes: readonly SwarmNode[],
  own: string,
  engines: Readonly<Record<string, string>>,
  service: string,
): readonly NodeEngine[] {
  const others = nodes.filter(
    ({ ID, Status, Spec }) => ID !== own && Status.State === 'ready' && Spec.Availability !== 'drain',
  );
  return others.map(({ ID, Description: { Hostname } }) => {
    const host = engines[Hostname] ?? engines[ID];
    if (host !== undefined) return { nodeId: ID, hostname: Hostname, host };
    throw new Failure(
      'invalid',
      `The image of ${service} cannot be brought to the node ${Hostname}: nobody says where its engine is.`,
      {
        hint: `Write x-friday: { swarm: { nodes: { ${Hostname}: ssh://user@address } } }, or x-friday: { swarm: { registry: registry.example.com/path } }.`,
      },
    );
  });
}
