// A connection that changed its protocol: bytes both ways until either side ends it.
import type { Socket } from 'node:net';

export type Tunnel = {
  readonly upgrading: { readonly socket: Socket; readonly first: Buffer };
  readonly protocol: string;
  /** Headers of the instance's answer for the client. */
  readonly headers: readonly string[];
  /** Connection to the instance, and the bytes that came behind its answer. */
  readonly socket: Socket;
  readonly first: Buffer;
  readonly idleMs: number;
};

/** What is left of a connection whose other end has closed, or says no more, may be silent for so long. */
const LINGER_MS = 5000;

/** Sends the answer to the client and joins both connections; `onClosed` is called once, when both are closed. */
export function openTunnel(tunnel: Tunnel, onClosed: () => void): void {
  const { upgrading, socket: instance, first, idleMs } = tunnel;
  const client = upgrading.socket;
  client.write(headOf(tunnel), 'latin1');
  if (first.length > 0) client.write(first);
  if (upgrading.first.length > 0) instance.write(upgrading.first);
  // All that moves in either direction passes the client's socket.
  client.setTimeout(idleMs, () => client.destroy());
  let open = 2;
  const join = (end: Socket, other: Socket) => {
    end.setNoDelay(true);
    end.on('error', () => other.destroy());
    const linger = () => other.setTimeout(LINGER_MS, () => other.destroy());
    end.on('end', linger);
    end.on('close', () => {
      other.end();
      linger();
      open -= 1;
      if (open === 0) onClosed();
    });
    end.pipe(other);
  };
  join(client, instance);
  join(instance, client);
}

function headOf({ protocol, headers }: Tunnel): string {
  let head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n';
  head += `upgrade: ${protocol}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}
