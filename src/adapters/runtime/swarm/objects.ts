// What is read of a Swarm manager's answers: nodes, services and tasks.
import { z } from 'zod';
import { Labels } from '../engine/objects.ts';

const Version = z.object({ Index: z.number().int() });

export const SwarmNode = z.object({
  ID: z.string(),
  Version,
  /** Given back in updates as it is, so that nothing of it gets lost. */
  Spec: z.looseObject({
    Labels,
    Role: z.enum(['manager', 'worker']),
    /** `pause`: what runs there goes on, nothing new is placed there. */
    Availability: z.enum(['active', 'pause', 'drain']),
  }),
  Description: z.object({
    Hostname: z.string().default(''),
    Engine: z.object({ EngineVersion: z.string().default('') }).default({ EngineVersion: '' }),
    Resources: z
      .object({ NanoCPUs: z.number().default(0), MemoryBytes: z.number().default(0) })
      .default({ NanoCPUs: 0, MemoryBytes: 0 }),
  }),
  Status: z.object({
    /** unknown, down, ready, disconnected */
    State: z.string(),
    Message: z.string().default(''),
    Addr: z.string().default(''),
  }),
  ManagerStatus: z.object({ Leader: z.boolean().default(false), Addr: z.string().default('') }).nullish(),
});
export type SwarmNode = z.infer<typeof SwarmNode>;

export const SwarmService = z.object({
  ID: z.string(),
  Version,
  CreatedAt: z.string(),
  UpdatedAt: z.string(),
  /** Given back in updates as it is, so that nothing of it gets lost. */
  Spec: z.looseObject({
    Name: z.string(),
    Labels,
    /** The count in it rises with every order to start. */
    TaskTemplate: z.looseObject({
      ForceUpdate: z.number().default(0),
      ContainerSpec: z.looseObject({ Image: z.string().default('') }).optional(),
    }),
  }),
});
export type SwarmService = z.infer<typeof SwarmService>;

const Port = z.object({ TargetPort: z.number(), PublishedPort: z.number().default(0) });

export const SwarmTask = z.object({
  ID: z.string(),
  ServiceID: z.string(),
  NodeID: z.string().default(''),
  CreatedAt: z.string(),
  /** ready, running, shutdown, remove … in the words of task states. */
  DesiredState: z.string(),
  /** As its service was when it was planned. */
  Spec: z.object({ ForceUpdate: z.number().default(0) }).default({ ForceUpdate: 0 }),
  Status: z.object({
    Timestamp: z.string(),
    /**
     * new, allocated, pending, assigned, accepted, preparing, ready, starting, running; then complete, shutdown, failed, rejected, remove, orphaned.
     * Source: docs.docker.com, "Swarm task states".
     */
    State: z.string(),
    Message: z.string().default(''),
    Err: z.string().default(''),
    ContainerStatus: z.object({ ContainerID: z.string().default(''), ExitCode: z.number().default(0) }).nullish(),
    PortStatus: z.object({ Ports: z.array(Port).nullish() }).nullish(),
  }),
});
export type SwarmTask = z.infer<typeof SwarmTask>;
