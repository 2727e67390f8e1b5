// httpxy as its README sets it up; its shared keep-alive agent is the default.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { packageOf, serve, upstreamUrl } from './peer.ts';

type Httpxy = {
  createProxyServer(options: { target: string }): {
    web(request: IncomingMessage, response: ServerResponse): Promise<void>;
  };
};

const { createProxyServer } = await packageOf<Httpxy>('httpxy');
const proxy = createProxyServer({ target: upstreamUrl() });
serve((request, response) => {
  proxy.web(request, response).catch(() => response.writeHead(502).end());
});
