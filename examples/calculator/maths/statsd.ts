// Sends a counter and a timer per operation to a StatsD server over UDP; losing a packet is fine, failing a request is not.
import { createSocket } from 'node:dgram';

export type Statsd = {
  /** Runs `work` and sends `maths.<operation>.count` and `maths.<operation>.time` in ms. Rejects only with what `work` throws. */
  measure<T>(operation: string, work: () => T): Promise<T>;
  /** Packets that could not be sent. */
  readonly errors: number;
  close(): Promise<void>;
};

/** `target` is `host:port`; null = nothing is ever sent. */
export function createStatsd(target: { readonly host: string; readonly port: number } | null): Statsd {
  if (target === null) return { measure: async (_operation, work) => work(), errors: 0, close: async () => {} };
  const { host, port } = target;
  let errors = 0;
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => {
    errors += 1;
  });
  socket.unref();
  const send = (lines: string) => {
    socket.send(lines, port, host, (error) => {
      if (error) errors += 1;
    });
  };
  return {
    async measure(operation, work) {
      const started = performance.now();
      try {
        return work();
      } finally {
        const ms = performance.now() - started;
        send(`maths.${operation}.count:1|c\nmaths.${operation}.time:${ms.toFixed(3)}|ms`);
      }
    },
    get errors() {
      return errors;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
