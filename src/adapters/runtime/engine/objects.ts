// What is read of the Docker Engine's answers: containers, images, networks, volumes, and itself.
import { z } from 'zod';

/** The engine writes null for an empty map or list. */
const mapOf = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string(), value)
    .nullish()
    .transform((found) => found ?? {});
const listOf = <T extends z.ZodType>(value: T) =>
  z
    .array(value)
    .nullish()
    .transform((found) => found ?? []);

export const Labels = mapOf(z.string());

const PortBinding = z.object({ HostIp: z.string().default(''), HostPort: z.string().default('') });
const Ports = mapOf(z.array(PortBinding).nullable());

export const ContainerListed = z.object({
  Id: z.string(),
  Names: listOf(z.string()),
  Image: z.string(),
  ImageID: z.string(),
  Labels,
  /** created, running, paused, restarting, removing, exited, dead */
  State: z.string(),
  /** For people: Up 3 minutes (healthy) */
  Status: z.string(),
  Created: z.number(),
});
export type ContainerListed = z.infer<typeof ContainerListed>;

const Health = z.object({
  /** none, starting, healthy, unhealthy */
  Status: z.string(),
  FailingStreak: z.number().default(0),
  Log: listOf(z.object({ ExitCode: z.number(), Output: z.string().default('') })),
});

export const Container = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Image: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    OOMKilled: z.boolean().default(false),
    ExitCode: z.number(),
    Error: z.string().default(''),
    Pid: z.number().default(0),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: Health.nullish(),
  }),
  Config: z.object({ Labels, StopSignal: z.string().nullish(), StopTimeout: z.number().nullish() }),
  HostConfig: z.object({ PortBindings: Ports, LogConfig: z.object({ Type: z.string() }).optional() }),
  NetworkSettings: z.object({ Ports, Networks: mapOf(z.object({ IPAddress: z.string().default('') })) }),
});
export type Container = z.infer<typeof Container>;

export const Image = z.object({
  Id: z.string(),
  RepoTags: listOf(z.string()),
  RepoDigests: listOf(z.string()),
  Size: z.number().default(0),
  Created: z.string().default(''),
  Config: z
    .object({
      Labels,
      Cmd: listOf(z.string()),
      Entrypoint: listOf(z.string()),
      /** Declared in the Dockerfile, by path. */
      Volumes: mapOf(z.unknown()),
      Healthcheck: z.object({ Test: listOf(z.string()) }).nullish(),
    })
    .nullish(),
});
export type Image = z.infer<typeof Image>;

export const ImageListed = z.object({
  Id: z.string(),
  RepoTags: listOf(z.string()),
  Labels,
  Created: z.number().default(0),
  Size: z.number().default(0),
});
export type ImageListed = z.infer<typeof ImageListed>;

export const Network = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Labels,
  IPAM: z
    .object({ Config: listOf(z.object({ Subnet: z.string().default(''), Gateway: z.string().default('') })) })
    .nullish(),
});
export type Network = z.infer<typeof Network>;

export const Volume = z.object({ Name: z.string(), Driver: z.string(), Labels });
export type Volume = z.infer<typeof Volume>;

export const Created = z.object({ Id: z.string(), Warnings: listOf(z.string()) });

export const Info = z.object({
  ID: z.string().default(''),
  Name: z.string().default(''),
  OperatingSystem: z.string().default(''),
  OSType: z.string().default(''),
  NCPU: z.number().default(0),
  MemTotal: z.number().default(0),
  Driver: z.string().default(''),
  DockerRootDir: z.string().default(''),
  LiveRestoreEnabled: z.boolean().default(false),
  SecurityOptions: listOf(z.string()),
  Warnings: listOf(z.string()),
  /** State of the swarm: inactive, pending, active, error, locked. */
  Swarm: z
    .object({ LocalNodeState: z.string().default('inactive'), ControlAvailable: z.boolean().default(false) })
    .nullish(),
});
export type Info = z.infer<typeof Info>;
