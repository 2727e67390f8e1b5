// Creates and starts the container of one instance.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, sentenceOf } from '../../../core/failure.ts';
import type { ContainerSpec } from '../../../core/spec/container.ts';
import type { InstanceSpec } from '../../../ports/runtime.ts';
import type { Engine } from '../engine/client.ts';
import { isOlder } from '../engine/client.ts';
import { Created, type Image } from '../engine/objects.ts';
import type { Ports } from '../process/launch/ports.ts';
import { aliasesOf, createBody, isHostNetwork, type Placed } from './create.ts';
import { placeFiles } from './files.ts';
import { containerOf, imageNamed } from './images.ts';
import { containerName, imageOf } from './names.ts';
import { ensureResources, gatewayOf, isOfThisMachine, networkNamed } from './resources.ts';

export type Starting = {
  readonly engine: Engine;
  readonly project: string;
  /** Folder of copies of secrets, one folder in it per instance. */
  readonly filesDir: string;
  readonly ports: Ports;
  /** Whether another instance has this port of the machine. */
  readonly isKnownPort: (port: number) => boolean;
  /** Never at their own addresses. */
  readonly isPublished: boolean;
};

const START_INTERVAL_API = '1.44';
const PORT_TRIES = 5;
const START_MS = 120_000;

/** A container that the engine cannot start stays, as one that has ended at once. Failures: `not-found`, `invalid`, `unavailable`. */
export async function startContainer(starting: Starting, instance: InstanceSpec): Promise<void> {
  const { engine, project } = starting;
  const container = containerOf(instance.spec);
  const name = imageOf(project, instance.service, instance.revision.digest);
  const image = await imageNamed(engine, name);
  if (image === null) {
    const message = `The revision ${instance.revision.label} of ${instance.service} is not here, so ${instance.id} cannot start.`;
    throw new Failure('not-found', message, { hint: `Prepare ${instance.service} again. Its image was ${name}.` });
  }
  await ensureResources(engine, project, container);
  await makeFolders(container);
  const files = await placeFiles(filesFolder(starting, instance.id), container.files);
  const common = {
    project,
    image: name,
    files,
    kept: keptVolumes(project, instance, container, image),
    needsHostName: !(await isDirect(engine, container)) && container.networks.length > 0,
    hasStartInterval: !isOlder((await engine.version()).api, START_INTERVAL_API),
  };
  const { port: inside } = instance.spec;
  if (inside === null) return launch(starting, instance, container, { ...common, door: null });
  const [network] = container.networks;
  if (network !== undefined && !common.needsHostName && !starting.isPublished) {
    return launch(starting, instance, container, { ...common, door: { port: inside, network: network.name } });
  }
  for (let tries = 1; ; tries += 1) {
    const port = await starting.ports.take(starting.isKnownPort);
    try {
      return await launch(starting, instance, container, { ...common, door: { port, network: null } });
    } catch (error) {
      if (!isPortTaken(error) || tries === PORT_TRIES || isHostNetwork(container)) throw error;
    } finally {
      starting.ports.release(port);
    }
  }
}

export function filesFolder({ filesDir, project }: Pick<Starting, 'filesDir' | 'project'>, id: string): string {
  return join(filesDir, containerName(project, id));
}

async function launch(
  starting: Starting,
  instance: InstanceSpec,
  container: ContainerSpec,
  placed: Placed,
): Promise<void> {
  const { engine, project } = starting;
  const query = { name: containerName(project, instance.id), platform: container.platform ?? undefined };
  const body = createBody(instance, container, placed);
  const { Id } = await engine.post('/containers/create', Created, { query, body });
  try {
    for (const { name, aliases } of container.networks.slice(1)) {
      const connection = { Container: Id, EndpointConfig: { Aliases: aliasesOf(instance.spec, aliases) } };
      await engine.order('POST', `/networks/${encodeURIComponent(name)}/connect`, { body: connection });
    }
    await engine.order('POST', `/containers/${Id}/start`, { timeoutMs: START_MS });
  } catch (error) {
    if (!isPortTaken(error) && !isAway(error)) return;
    await engine.order('DELETE', `/containers/${Id}`, { query: { force: true, v: true } }).catch(() => undefined);
    if (isPortTaken(error)) throw portTaken(instance, error);
    throw error;
  }
}

function isPortTaken(error: unknown): boolean {
  return /port is already allocated|address already in use|failed to bind (host )?port/i.test(sentenceOf(error));
}

function portTaken({ id }: InstanceSpec, error: unknown): Failure {
  const hint = 'ports of the service are open on this machine once: take them out, or end what has them (ss -ltnp).';
  return new Failure('unavailable', `${id} cannot start: ${sentenceOf(error)}`, { hint }, { cause: error });
}

/** Nothing is known of the container then: it is looked at again when the engine is back. */
function isAway(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'timeout' || /cannot be reached/.test(error.message));
}

/** As in Compose, a folder that is to be mounted is made. */
async function makeFolders({ mounts }: ContainerSpec): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== 'bind' || !mount.isCreated) continue;
    // One that is there as a file is as good; one that cannot be made is told by the engine.
    await mkdir(mount.source, { recursive: true }).catch(() => undefined);
  }
}

/**
 * What an image of a service that is not behind the balancer declares as a volume is data: the next version finds it again, as
 * with Compose. Of other services every container has its own, which goes with it.
 */
function keptVolumes(project: string, instance: InstanceSpec, container: ContainerSpec, image: Image): Placed['kept'] {
  if (instance.spec.port !== null) return [];
  const mounted = new Set([
    ...container.mounts.map(({ target }) => target),
    ...container.files.map(({ target }) => target),
  ]);
  return Object.keys(image.Config?.Volumes ?? {})
    .filter((target) => !mounted.has(target))
    .map((target) => {
      const place = target.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
      return { name: `${project}_${instance.service}-${instance.slot}-${place}`, target };
    });
}

/**
 * On a bridge of this machine an instance is reached at its own address: without a process of the engine in between, so that
 * traffic goes on while the engine is restarted. In a virtual machine there is no way there.
 */
async function isDirect(engine: Engine, { networks: [first] }: ContainerSpec): Promise<boolean> {
  return first !== undefined && (await balancerFor(engine, first.name)) !== null;
}

/** The address by which a container of this network finds the machine; null = there is none, or not on this machine. */
export async function balancerFor(engine: Engine, network: string): Promise<string | null> {
  const found = await networkNamed(engine, network);
  const gateway = found === null ? null : gatewayOf(found);
  return gateway !== null && (await isOfThisMachine(gateway)) ? gateway : null;
}
