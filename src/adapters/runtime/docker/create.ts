// Turns a wanted instance into what the engine is asked to create.
import type { ContainerSpec, Mount } from '../../../core/spec/container.ts';
import type { Readiness, ServiceSpec } from '../../../core/spec/project.ts';
import type { InstanceSpec } from '../../../ports/runtime.ts';
import { filled } from '../process/launch/words.ts';
import { containerLabels, type Door } from './names.ts';

export type Placed = {
  readonly project: string;
  /** Name or id of the image. */
  readonly image: string;
  /** Null when the instance is not behind the balancer. */
  readonly door: Door | null;
  /** Secrets and configs: file of this machine, path in the container. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
  /** Volumes that the image declares, under names that later containers find again. */
  readonly kept: readonly { readonly name: string; readonly target: string }[];
  /** The gateways of its networks are not on this machine, so that it needs a name for it. */
  readonly needsHostName: boolean;
  /** Whether the engine knows `StartInterval` (API 1.44). */
  readonly hasStartInterval: boolean;
};

/** Name of this machine for containers of an engine that is in a virtual machine. */
export const HOST_NAME = 'host.docker.internal';

/** While it starts, a healthcheck is tried so often. */
const START_INTERVAL_MS = 1000;
const NANOSECONDS = 1e6;
/** Output of one container, unless the file has a logging of its own. */
const LOGGING = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } };

/** Whether the container has the network of the machine, where PORT must be one of its own. */
export function isHostNetwork({ modes }: ContainerSpec): boolean {
  return modes.network === 'host';
}

/** Body of POST /containers/create. */
export function createBody(instance: InstanceSpec, container: ContainerSpec, placed: Placed): object {
  const { spec } = instance;
  const { door } = placed;
  const inside = isHostNetwork(container) ? (door?.port ?? null) : spec.port;
  const environment = { ...instance.environment, ...(inside === null ? {} : { PORT: String(inside) }) };
  const words = (given: readonly string[] | null) => (given === null ? undefined : filled(given, environment));
  const [network] = container.networks;
  const isPublished = door !== null && door.network === null && !isHostNetwork(container);
  const published = isPublished ? [[`${spec.port}/tcp`, door.port] as const] : [];
  return {
    Image: placed.image,
    Entrypoint: words(container.entrypoint),
    Cmd: words(container.command),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: containerLabels(placed.project, instance, door),
    WorkingDir: container.workingDir ?? undefined,
    User: container.user ?? undefined,
    Hostname: container.hostname ?? undefined,
    Domainname: container.domainname ?? undefined,
    StopSignal: spec.stopSignal,
    StopTimeout: graceSeconds(spec),
    ExposedPorts: Object.fromEntries([
      ...published.map(([port]) => [port, {}]),
      ...container.ports.map(({ target, protocol }) => [`${target}/${protocol}`, {}]),
    ]),
    Healthcheck: healthcheckOf(spec.readiness, container, placed.hasStartInterval),
    HostConfig: hostConfig(container, placed, published),
    ...(network === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [network.name]: { Aliases: aliasesOf(spec, network.aliases) } } } }),
  };
}

/** A service that is not behind the balancer is found under its name. */
export function aliasesOf(spec: ServiceSpec, own: readonly string[]): string[] {
  return spec.port === null ? [spec.name, ...own] : [...own];
}

/** The engine counts whole seconds. */
export function graceSeconds({ stopGraceMs }: Pick<ServiceSpec, 'stopGraceMs'>): number {
  return Math.ceil(stopGraceMs / 1000);
}

function healthcheckOf(
  readiness: Readiness,
  { healthcheck, startIntervalMs }: ContainerSpec,
  hasStartInterval: boolean,
): object | undefined {
  if (healthcheck === 'none') return { Test: ['NONE'] };
  if (healthcheck !== 'own' || readiness.type !== 'command') return undefined;
  const { command, intervalMs, timeoutMs, retries, startPeriodMs } = readiness;
  return {
    Test: ['CMD', ...command],
    Interval: intervalMs * NANOSECONDS,
    Timeout: timeoutMs * NANOSECONDS,
    Retries: retries,
    StartPeriod: startPeriodMs * NANOSECONDS,
    ...(hasStartInterval && startPeriodMs > 0
      ? { StartInterval: (startIntervalMs || Math.min(START_INTERVAL_MS, intervalMs)) * NANOSECONDS }
      : {}),
  };
}

type Binding = readonly (readonly [port: string, published: number])[];

function hostConfig(container: ContainerSpec, placed: Placed, published: Binding): object {
  const { modes, resources, logging, networks } = container;
  const open = container.ports.map(({ target, protocol, published: port, host }) => {
    return [`${target}/${protocol}`, { HostIp: host, HostPort: port === null ? '' : String(port) }] as const;
  });
  const bindings: Record<string, object[]> = {};
  for (const [key, binding] of open) bindings[key] = [...(bindings[key] ?? []), binding];
  for (const [key, port] of published) bindings[key] = [{ HostIp: '127.0.0.1', HostPort: String(port) }];
  const given = Object.entries({
    NetworkMode: modes.network ?? networks[0]?.name,
    IpcMode: modes.ipc,
    PidMode: modes.pid,
    UTSMode: modes.uts,
    UsernsMode: modes.userns,
    CgroupParent: modes.cgroupParent,
    Runtime: container.runtime,
    ShmSize: resources.shmBytes,
    NanoCpus: resources.cpus === null ? null : Math.round(resources.cpus * 1e9),
    Memory: resources.memoryBytes,
    MemorySwap: resources.memorySwapBytes,
    MemorySwappiness: resources.swappiness,
    MemoryReservation: resources.reservedMemoryBytes,
    PidsLimit: resources.pids,
    CpuShares: resources.cpuShares,
    CpusetCpus: resources.cpuset,
    OomScoreAdj: resources.oomScoreAdj,
  }).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(given),
    // fridaymorning starts again what has ended: it knows what is wanted, waits longer each time, and says so.
    RestartPolicy: { Name: 'no' },
    Init: container.hasInit,
    ReadonlyRootfs: container.isReadOnly,
    Privileged: container.isPrivileged,
    CapAdd: container.capAdd,
    CapDrop: container.capDrop,
    SecurityOpt: container.securityOptions,
    GroupAdd: container.groups,
    Sysctls: container.sysctls,
    Devices: container.devices.map(deviceOf),
    ExtraHosts: placed.needsHostName ? [`${HOST_NAME}:host-gateway`, ...container.extraHosts] : container.extraHosts,
    Dns: container.dns,
    DnsSearch: container.dnsSearch,
    DnsOptions: container.dnsOptions,
    PortBindings: bindings,
    OomKillDisable: resources.isOomKillOff,
    Ulimits: resources.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    LogConfig:
      logging.driver === null && Object.keys(logging.options).length === 0
        ? LOGGING
        : { Type: logging.driver ?? 'json-file', Config: logging.options },
    Mounts: mountsOf(container, placed),
  };
}

/** `/dev/x`, `/dev/x:/dev/y:rw`. */
function deviceOf(text: string): object {
  const [source = '', target = source, permissions = 'rwm'] = text.split(':');
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
}

function mountsOf(container: ContainerSpec, { files, kept }: Placed): object[] {
  return [
    ...container.mounts.map(mountOf),
    ...kept.map(({ name, target }) => ({ Type: 'volume', Source: name, Target: target })),
    ...files.map(({ source, target }) => ({ Type: 'bind', Source: source, Target: target, ReadOnly: true })),
  ];
}

function mountOf(mount: Mount): object {
  const { target: Target } = mount;
  if (mount.type === 'tmpfs') {
    const { sizeBytes, mode } = mount;
    const TmpfsOptions = {
      ...(sizeBytes === null ? {} : { SizeBytes: sizeBytes }),
      ...(mode === null ? {} : { Mode: mode }),
    };
    return { Type: 'tmpfs', Target, TmpfsOptions };
  }
  if (mount.type === 'bind') {
    const { source, isReadOnly, propagation } = mount;
    const BindOptions = propagation === null ? {} : { Propagation: propagation };
    return { Type: 'bind', Source: source, Target, ReadOnly: isReadOnly, BindOptions };
  }
  const common = { Type: 'volume', Target, ReadOnly: mount.isReadOnly, VolumeOptions: { NoCopy: mount.isCopyOff } };
  return mount.name === null ? common : { ...common, Source: mount.name };
}
