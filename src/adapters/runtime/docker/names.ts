// What fridaymorning calls things in Docker Engine, and the labels by which it knows its own.
import type { InstanceSpec } from '../../../ports/runtime.ts';

const OWN = 'dev.fridaymorning';

/** Labels of a container. Everything that a later control plane must know of an instance is in them. */
export const LABEL = {
  project: `${OWN}.project`,
  service: `${OWN}.service`,
  version: `${OWN}.version`,
  slot: `${OWN}.slot`,
  instance: `${OWN}.instance`,
  digest: `${OWN}.revision`,
  /** Port at which the instance is reached; absent when it is not behind the balancer. */
  port: `${OWN}.port`,
  /** The network at whose address that is; absent = at loopback. */
  network: `${OWN}.network`,
  /** Readiness of the spec as JSON. */
  readiness: `${OWN}.readiness`,
  /** On images: digest of what was built. */
  build: `${OWN}.build`,
} as const;

/** What Compose writes on its own, so that its tools and those of others show our containers too. */
const COMPOSE = 'com.docker.compose';

/** Where an instance is reached: at its own address on a network, or at a port of this machine. */
export type Door = { readonly port: number; readonly network: string | null };

export function containerLabels(project: string, instance: InstanceSpec, door: Door | null): Record<string, string> {
  const { id, service, version, slot, revision, spec } = instance;
  return {
    ...spec.container?.labels,
    [`${COMPOSE}.project`]: project,
    [`${COMPOSE}.service`]: service,
    [`${COMPOSE}.container-number`]: String(slot),
    [`${COMPOSE}.oneoff`]: 'False',
    [LABEL.project]: project,
    [LABEL.service]: service,
    [LABEL.version]: String(version),
    [LABEL.slot]: String(slot),
    [LABEL.instance]: id,
    [LABEL.digest]: revision.digest,
    [LABEL.readiness]: JSON.stringify(spec.readiness),
    ...(door === null ? {} : { [LABEL.port]: String(door.port) }),
    ...(door === null || door.network === null ? {} : { [LABEL.network]: door.network }),
  };
}

export function resourceLabels(project: string, kind: 'network' | 'volume', name: string): Record<string, string> {
  const key = name.startsWith(`${project}_`) ? name.slice(project.length + 1) : name;
  return { [`${COMPOSE}.project`]: project, [`${COMPOSE}.${kind}`]: key, [LABEL.project]: project };
}

/** `shop-web-v7-1` */
export function containerName(project: string, id: string): string {
  return `${project}-${id}`;
}

const STOPPING = '-stopping';

/** A container that was asked to stop says so in its name: the engine keeps it, whatever becomes of the control plane. */
export function stoppingName(project: string, id: string): string {
  return `${containerName(project, id)}${STOPPING}`;
}

export function isStoppingName(name: string): boolean {
  return name.endsWith(STOPPING);
}

/** Names of images are in lower case. */
export function repositoryOf(project: string, service: string): string {
  const word = service
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `friday/${project}-${word || 'service'}`.replaceAll(/[-_]{3,}/g, '--');
}

const TAG_DIGITS = 12;

/** The name under which the image of a revision is kept. */
export function imageOf(project: string, service: string, digest: string): string {
  return `${repositoryOf(project, service)}:${tagOf(digest)}`;
}

export function tagOf(digest: string): string {
  return digest.slice(0, TAG_DIGITS);
}
