// http-proxy as its README sets it up, with a keep-alive agent.
import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import { keepAliveAgent, packageOf, serve, upstreamUrl } from './peer.ts';

type HttpProxy = {
  default: {
    createProxyServer(options: { target: string; agent: Agent }): {
      web(request: IncomingMessage, response: ServerResponse): void;
      on(event: 'error', listener: (error: Error, request: unknown, response: ServerResponse) => void): void;
    };
  };
};

const { default: httpProxy } = await packageOf<HttpProxy>('http-proxy');
const proxy = httpProxy.createProxyServer({ target: upstreamUrl(), agent: keepAliveAgent() });
proxy.on('error', (_error, _request, response) => response.writeHead(502).end());
serve((request, response) => proxy.web(request, response));
