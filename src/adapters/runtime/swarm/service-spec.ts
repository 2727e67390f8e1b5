// What Swarm is told about one instance: a service of its own with one replica and ports in host mode. Pure.
import type { ContainerNetwork, ContainerSpec, Mount } from '../../../core/spec/container.ts';
import type { Readiness, ServiceSpec } from '../../../core/spec/project.ts';
import type { InstanceSpec } from '../../../ports/runtime.ts';
import { LABELS, labelsOf, serviceName } from './labels.ts';
import type { SwarmService } from './objects.ts';

/** A secret as Swarm has it. */
export type SecretReference = {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
};

/** What is known about the Swarm when an instance starts. */
export type Surroundings = {
  readonly project: string;
  /** As every node knows it: an image id, or a name with a digest in a registry. */
  readonly image: string;
  readonly secrets: readonly SecretReference[];
  /** Constraints besides those of the file: where its volumes are. */
  readonly homes: readonly string[];
  /** The node that it is to start on; null = Swarm shall choose. */
  readonly nodeId: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** No node has this id: what must not run waits for it for ever, and Swarm keeps its past. */
const NOWHERE = 'node.id==stopped';

/** Between an end and the start that Swarm makes by itself. */
const RESTART_DELAY_NS = 1_000_000_000;
const NS_PER_MS = 1_000_000;

type Json = Readonly<Record<string, unknown>>;

/** The specification of a Swarm service, `count` being the number of its start. */
export function swarmSpec(instance: InstanceSpec, around: Surroundings, count = 0): Json {
  const { project, nodeId, homes, now } = around;
  const pinned = nodeId === null ? {} : { [LABELS.pinnedAt]: String(now), [LABELS.pinnedTo]: nodeId };
  const constraints = [...(instance.spec.container?.placement.constraints ?? []), ...homes];
  const held = nodeId === null ? [] : [`node.id==${nodeId}`];
  return {
    Name: serviceName(project, instance.id),
    Labels: { ...labelsOf(project, instance), [LABELS.constraints]: JSON.stringify(constraints), ...pinned },
    TaskTemplate: {
      ...taskTemplate(instance, around),
      Placement: { Constraints: [...constraints, ...held] },
      ForceUpdate: count,
    },
    Mode: { Replicated: { Replicas: 1 } },
    // The routing mesh would hide single tasks, and needs IPVS.
    EndpointSpec: { Mode: 'dnsrr', Ports: portsOf(instance) },
    // Old and new never run side by side under one id; a failed update must not bring back what was before.
    UpdateConfig: { Parallelism: 1, Order: 'stop-first', FailureAction: 'continue' },
  };
}

/** The same service, asked to stop: its task ends, and Swarm keeps how. With no replicas it would forget the task. */
export function stoppedSpec({ Spec }: SwarmService, now: number): Json {
  const { TaskTemplate, Labels } = Spec;
  const placement = { Constraints: [NOWHERE] };
  return {
    ...Spec,
    Labels: { ...Labels, [LABELS.stoppedAt]: String(now) },
    TaskTemplate: { ...TaskTemplate, Placement: placement },
  };
}

/** The same service, no longer held on one node; null when it is not, or is to stop. Its task goes on. */
export function releasedSpec(service: SwarmService): Json | null {
  const { Spec } = service;
  const { [LABELS.pinnedAt]: pinned, [LABELS.pinnedTo]: _, ...labels } = Spec.Labels;
  if (pinned === undefined || labels[LABELS.stoppedAt] !== undefined) return null;
  const placement = { Constraints: JSON.parse(labels[LABELS.constraints] ?? '[]') as string[] };
  return { ...Spec, Labels: labels, TaskTemplate: { ...Spec.TaskTemplate, Placement: placement } };
}

function taskTemplate(instance: InstanceSpec, around: Surroundings): Json {
  const { spec } = instance;
  const container = spec.container;
  return {
    ContainerSpec: containerOf(instance, around),
    Resources: container ? resourcesOf(container) : {},
    RestartPolicy: { Condition: CONDITIONS[spec.restart], Delay: RESTART_DELAY_NS, MaxAttempts: 0 },
    Networks: (container?.networks ?? []).map((network) => networkOf(network, instance)),
    ...logOf(container),
  };
}

const CONDITIONS: Readonly<Record<ServiceSpec['restart'], string>> = {
  always: 'any',
  'on-failure': 'on-failure',
  no: 'none',
};

function containerOf(instance: InstanceSpec, { image, secrets, project }: Surroundings): Json {
  const { spec, environment } = instance;
  const container = spec.container;
  const port = spec.port ?? container?.servicePort;
  const variables = { ...environment, ...(port ? { PORT: String(port) } : {}) };
  return {
    Image: image,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    Labels: { ...container?.labels, ...labelsOf(project, instance) },
    StopSignal: spec.stopSignal,
    StopGracePeriod: spec.stopGraceMs * NS_PER_MS,
    ...(container ? commandOf(container) : {}),
    ...healthOf(spec.readiness, container),
    Mounts: (container?.mounts ?? []).map(mountOf),
    Secrets: secrets.map(secretOf),
  };
}

/** Swarm's `Command` is the image's entrypoint, its `Args` the image's command. */
function commandOf(container: ContainerSpec): Json {
  const { entrypoint, command } = container;
  return {
    ...(entrypoint === null ? {} : { Command: entrypoint }),
    ...(command === null ? {} : { Args: command }),
    ...(container.workingDir === null ? {} : { Dir: container.workingDir }),
    ...(container.user === null ? {} : { User: container.user }),
    ...(container.groups.length === 0 ? {} : { Groups: container.groups }),
    ...(container.hostname === null ? {} : { Hostname: container.hostname }),
    Init: container.hasInit,
    ReadOnly: container.isReadOnly,
    CapabilityAdd: container.capAdd,
    CapabilityDrop: container.capDrop,
    Sysctls: container.sysctls,
    Hosts: container.extraHosts.map(hostLine),
    DNSConfig: { Nameservers: container.dns, Search: container.dnsSearch, Options: container.dnsOptions },
    Ulimits: container.resources.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
  };
}

/** `name:address` as a line of /etc/hosts. */
function hostLine(entry: string): string {
  const at = entry.search(/[:=]/);
  return `${entry.slice(at + 1)} ${entry.slice(0, at)}`;
}

/** Only a command needs the engine to ask; Swarm then also replaces what is unhealthy. */
function healthOf(readiness: Readiness, container: ContainerSpec | undefined): Json {
  if (container?.healthcheck === 'none') return { Healthcheck: { Test: ['NONE'] } };
  if (readiness.type !== 'command' || container?.healthcheck === 'image') return {};
  const { command, intervalMs, timeoutMs, retries, startPeriodMs } = readiness;
  return {
    Healthcheck: {
      Test: ['CMD', ...command],
      Interval: intervalMs * NS_PER_MS,
      Timeout: timeoutMs * NS_PER_MS,
      Retries: retries,
      StartPeriod: startPeriodMs * NS_PER_MS,
    },
  };
}

function mountOf(mount: Mount): Json {
  const { type, target } = mount;
  if (type === 'tmpfs') {
    return {
      Type: type,
      Target: target,
      TmpfsOptions: { SizeBytes: mount.sizeBytes ?? 0, Mode: mount.mode ?? 0o1777 },
    };
  }
  if (type === 'bind') {
    const options = mount.propagation === null ? {} : { BindOptions: { Propagation: mount.propagation } };
    return { Type: type, Source: mount.source, Target: target, ReadOnly: mount.isReadOnly, ...options };
  }
  const driver = mount.driver === null ? {} : { DriverConfig: { Name: mount.driver, Options: mount.driverOptions } };
  return {
    Type: type,
    ...(mount.name === null ? {} : { Source: mount.name }),
    Target: target,
    ReadOnly: mount.isReadOnly,
    VolumeOptions: { NoCopy: mount.isCopyOff, Labels: mount.labels, ...driver },
  };
}

function secretOf({ id, name, target, uid, gid, mode }: SecretReference): Json {
  return { SecretID: id, SecretName: name, File: { Name: target, UID: String(uid), GID: String(gid), Mode: mode } };
}

const NS_PER_CORE = 1_000_000_000;

function resourcesOf({ resources }: ContainerSpec): Json {
  const { cpus, memoryBytes, pids, reservedCpus, reservedMemoryBytes } = resources;
  return {
    Limits: {
      ...(cpus === null ? {} : { NanoCPUs: Math.round(cpus * NS_PER_CORE) }),
      ...(memoryBytes === null ? {} : { MemoryBytes: memoryBytes }),
      ...(pids === null ? {} : { Pids: pids }),
    },
    Reservations: {
      ...(reservedCpus === null ? {} : { NanoCPUs: Math.round(reservedCpus * NS_PER_CORE) }),
      ...(reservedMemoryBytes === null ? {} : { MemoryBytes: reservedMemoryBytes }),
    },
  };
}

/** The name of the service is that of all its instances: whoever asks for it gets the addresses of all. */
function networkOf({ name, aliases }: ContainerNetwork, { service }: InstanceSpec): Json {
  return { Target: name, Aliases: [...new Set([service, ...aliases])] };
}

function logOf(container: ContainerSpec | undefined): Json {
  const { driver, options } = container?.logging ?? { driver: null, options: {} };
  if (driver !== null) return { LogDriver: { Name: driver, Options: options } };
  // Without a bound the engine keeps every line for ever.
  return { LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '3', ...options } } };
}

type PortOfTask = {
  readonly Protocol: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly PublishMode: 'host';
};

/** Behind the balancer the node picks a free port; what stands alone has the ports of the file. */
function portsOf({ spec }: InstanceSpec): readonly PortOfTask[] {
  if (spec.port !== null) return [{ Protocol: 'tcp', TargetPort: spec.port, PublishMode: 'host' }];
  return (spec.container?.ports ?? []).map(({ target, published, protocol }) => ({
    Protocol: protocol,
    TargetPort: target,
    ...(published === null ? {} : { PublishedPort: published }),
    PublishMode: 'host',
  }));
}
