// What is shown of the machines that instances are spread over.
import { z } from '@hono/zod-openapi';

export const NodeView = z
  .object({
    id: z.string(),
    name: z.string().describe('Host name'),
    role: z.enum(['manager', 'worker']),
    state: z.enum(['ready', 'lost']).describe('`lost`: its engine does not answer'),
    availability: z
      .enum(['active', 'emptying', 'drained', 'paused'])
      .describe('`emptying`: instances leave, others stand in first. `paused`: by somebody else'),
    address: z.string(),
    engine: z.string().describe('Version of its engine'),
    cores: z.number(),
    memory: z.number().describe('Bytes'),
    instances: z.array(z.string()).describe('Ids of the instances of this project that run there'),
  })
  .openapi('Node');
export type NodeView = z.infer<typeof NodeView>;
