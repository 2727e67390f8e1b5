// @fastify/http-proxy as its README sets it up; its undici pool keeps connections open by default.
import type { AddressInfo } from 'node:net';
import { announce, packageOf, upstreamUrl } from './peer.ts';

type Server = {
  register(plugin: unknown, options: { upstream: string }): unknown;
  listen(options: { host: string; port: number }): Promise<string>;
  readonly server: { address(): AddressInfo };
};
type Fastify = { fastify(): Server };

const { fastify } = await packageOf<Fastify>('fastify');
const { default: httpProxy } = await packageOf<{ default: unknown }>('@fastify/http-proxy');
const server = fastify();
server.register(httpProxy, { upstream: upstreamUrl() });
await server.listen({ host: '127.0.0.1', port: 0 });
announce(server.server.address().port);
