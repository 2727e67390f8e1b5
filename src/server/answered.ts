// Whether a unix socket is served by anybody.
import { connect } from 'node:net';

/** Whether anybody accepts connections on this socket. A file that nobody serves is stale. */
export function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
