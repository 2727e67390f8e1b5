// Networks and volumes of a project: made when they are missing, never removed.
import { createServer } from 'node:net';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { ContainerNetwork, ContainerSpec, Mount } from '../../../core/spec/container.ts';
import type { Engine } from '../engine/client.ts';
import { Created, Network, Volume } from '../engine/objects.ts';
import { LABEL, resourceLabels } from './names.ts';

/** Failures: `not-found` (an external one is missing), `unavailable`. */
export async function ensureResources(
  engine: Engine,
  project: string,
  { networks, mounts }: ContainerSpec,
): Promise<void> {
  for (const network of networks) await ensureNetwork(engine, project, network);
  for (const mount of mounts)
    if (mount.type === 'volume' && mount.name !== null) await ensureVolume(engine, project, mount);
}

export async function networkNamed(engine: Engine, name: string): Promise<Network | null> {
  try {
    return await engine.get(`/networks/${encodeURIComponent(name)}`, Network);
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return null;
    throw error;
  }
}

async function ensureNetwork(engine: Engine, project: string, wanted: ContainerNetwork): Promise<void> {
  const { name, isExternal, driver, driverOptions, isInternal, isAttachable, hasIpv6, labels, subnets } = wanted;
  if ((await networkNamed(engine, name)) !== null) return;
  if (isExternal) throw missing('network', name, `docker network create ${name}`);
  const Config = subnets.map(({ subnet, gateway, range }) => ({
    ...(subnet === null ? {} : { Subnet: subnet }),
    ...(gateway === null ? {} : { Gateway: gateway }),
    ...(range === null ? {} : { IPRange: range }),
  }));
  const body = {
    Name: name,
    CheckDuplicate: true,
    Driver: driver ?? 'bridge',
    Options: driverOptions,
    Internal: isInternal,
    Attachable: isAttachable,
    EnableIPv6: hasIpv6,
    Labels: { ...labels, ...resourceLabels(project, 'network', name) },
    ...(Config.length === 0 ? {} : { IPAM: { Driver: 'default', Config } }),
  };
  await engine.post('/networks/create', Created.partial(), { body }).catch(async (error) => {
    // Another start of the same moment may have made it.
    if ((await networkNamed(engine, name)) === null) throw error;
  });
}

type NamedVolume = Mount & { type: 'volume' };

async function ensureVolume(engine: Engine, project: string, wanted: NamedVolume): Promise<void> {
  const name = wanted.name ?? '';
  const isThere = await engine.get(`/volumes/${encodeURIComponent(name)}`, Volume).then(
    () => true,
    (error) => {
      if (error instanceof Failure && error.code === 'not-found') return false;
      throw error;
    },
  );
  if (isThere) return;
  if (wanted.isExternal) throw missing('volume', name, `docker volume create ${name}`);
  const { driver, driverOptions, labels } = wanted;
  const body = {
    Name: name,
    Driver: driver ?? 'local',
    DriverOpts: driverOptions,
    Labels: { ...labels, ...resourceLabels(project, 'volume', name) },
  };
  await engine.post('/volumes/create', Volume.partial(), { body });
}

function missing(kind: string, name: string, hint: string): Failure {
  return new Failure('not-found', `The external ${kind} ${name} is not there.`, { hint });
}

/** Gateways of these networks, and of all that belong to the project, that are addresses of this machine now. */
export async function gatewaysOf(
  engine: Engine,
  project: string,
  names: ReadonlySet<string>,
): Promise<readonly string[]> {
  const query = { filters: JSON.stringify({ driver: ['bridge'] }) };
  const all = await engine.get('/networks', z.array(Network), { query });
  const own = all.filter(({ Name, Labels }) => Labels[LABEL.project] === project || names.has(Name));
  const gateways = [...new Set(own.flatMap((network) => gatewayOf(network) ?? []))].sort();
  const here = await Promise.all(gateways.map(isOfThisMachine));
  return gateways.filter((_, index) => here[index]);
}

export function gatewayOf({ IPAM }: Network): string | null {
  return (IPAM?.Config ?? []).map(({ Gateway }) => Gateway).find((gateway) => /^[\d.]+$/.test(gateway)) ?? null;
}

/** An engine in a virtual machine has its networks there. */
export function isOfThisMachine(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port: 0, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
