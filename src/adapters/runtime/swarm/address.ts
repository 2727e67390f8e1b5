// The address of this machine as the nodes of a Swarm see it: there the balancer listens for instances.
import { createSocket } from 'node:dgram';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';

const SwarmInfo = z.object({
  Swarm: z.object({
    NodeID: z.string().default(''),
    NodeAddr: z.string().default(''),
    LocalNodeState: z.string().default('inactive'),
    ControlAvailable: z.boolean().default(false),
  }),
});
export type OwnNode = { readonly id: string; readonly address: string };

/** The node whose engine this is. Failures: `conflict` (not a manager of a Swarm), `unavailable`. */
export async function ownNode(engine: Engine): Promise<OwnNode> {
  const { Swarm } = await engine.get('/info', SwarmInfo);
  if (Swarm.ControlAvailable) return { id: Swarm.NodeID, address: Swarm.NodeAddr };
  const isWorker = Swarm.LocalNodeState === 'active';
  const what = isWorker
    ? 'is a worker of a Swarm, and only a manager can be told what to run'
    : 'is not part of a Swarm';
  throw new Failure('conflict', `The engine at ${engine.host} ${what}.`, {
    hint: isWorker ? 'docker node promote NAME, on a manager; or run friday there.' : 'docker swarm init',
  });
}

export async function managerAddress(engine: Engine): Promise<string> {
  return (await ownNode(engine)).address;
}

/** The local address from which packets to `host` leave; nothing is sent. Loopback when there is no way. Source: connect(2) of a datagram socket. */
export function addressTowards(host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const end = (address: string) => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => end('127.0.0.1'));
    socket.connect(9, host === '' ? '127.0.0.1' : host, () => end(socket.address().address));
  });
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}
