// fast-proxy as its README sets it up, with undici, which the README recommends for throughput.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { packageOf, serve, upstreamUrl } from './peer.ts';

type FastProxy = {
  default(options: { base: string; undici: boolean }): {
    proxy(request: IncomingMessage, response: ServerResponse, source: string, options: object): void;
  };
};

const { default: fastProxy } = await packageOf<FastProxy>('fast-proxy');
const { proxy } = fastProxy({ base: upstreamUrl(), undici: true });
serve((request, response) => proxy(request, response, request.url ?? '/', {}));
