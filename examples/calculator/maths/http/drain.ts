// Stops a server without cutting anybody off: also clients that keep their connection open get one more answer.
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

export type StopTimes = {
  /** Connections without an open request are kept for so long: the next request may be under way on them. */
  readonly lingerMs: number;
  /** After so long everything is cut. */
  readonly graceMs: number;
};

/** Call before the server listens. The function it returns accepts nothing new and resolves when every open request is answered. */
export function createDrain(server: Server): (times: StopTimes) => Promise<void> {
  const open = new Map<Socket, Set<ServerResponse>>();
  let isStopping = false;
  let hasLingered = false;

  const finish = (socket: Socket, response: ServerResponse) => {
    const responses = open.get(socket);
    responses?.delete(response);
    if (hasLingered && responses?.size === 0) socket.end();
  };
  server.on('connection', (socket) => {
    open.set(socket, new Set());
    socket.on('close', () => open.delete(socket));
  });
  server.prependListener('request', (request, response) => {
    open.get(request.socket)?.add(response);
    if (isStopping) response.setHeader('connection', 'close');
    response.on('close', () => finish(request.socket, response));
  });

  return async ({ lingerMs, graceMs }) => {
    isStopping = true;
    for (const responses of open.values()) {
      for (const response of responses) if (!response.headersSent) response.setHeader('connection', 'close');
    }
    const closed = new Promise((resolve) => server.once('close', resolve));
    // http.Server.close would cut idle connections at once.
    NetServer.prototype.close.call(server);
    const linger = setTimeout(() => {
      hasLingered = true;
      for (const [socket, responses] of open) if (responses.size === 0) socket.end();
    }, lingerMs);
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(linger);
    clearTimeout(grace);
  };
}
