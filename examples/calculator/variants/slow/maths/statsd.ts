// Sends counters and timers of operations to a StatsD server over UDP, many in one packet, to spare the network.
import { createSocket } from 'node:dgram';

export type Statsd = {
  /** Runs `work` and sends `maths.<operation>.count` and `maths.<operation>.time` in ms. Rejects only with what `work` throws. */
  measure<T>(operation: string, work: () => T): Promise<T>;
  /** Packets that could not be sent. */
  readonly errors: number;
  close(): Promise<void>;
};

const BATCH_MS = 150;

/** `target` is `host:port`; null = nothing is ever sent. */
export function createStatsd(target: { readonly host: string; readonly port: number } | null): Statsd {
  let errors = 0;
  let lines: string[] = [];
  let batch: Promise<void> | undefined;
  const socket = target === null ? null : createSocket(target.host.includes(':') ? 'udp6' : 'udp4');
  socket?.on('error', () => {
    errors += 1;
  });
  socket?.unref();
  const send = async () => {
    await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
    const packet = lines.join('\n');
    lines = [];
    batch = undefined;
    if (target === null) return;
    socket?.send(packet, target.port, target.host, (error) => {
      if (error) errors += 1;
    });
  };
  const add = (...more: string[]) => {
    lines.push(...more);
    batch ??= send();
    return batch;
  };
  return {
    async measure(operation, work) {
      const started = performance.now();
      try {
        return work();
      } finally {
        const ms = performance.now() - started;
        await add(`maths.${operation}.count:1|c`, `maths.${operation}.time:${ms.toFixed(3)}|ms`);
      }
    },
    get errors() {
      return errors;
    },
    close: async () => {
      await batch;
      await new Promise<void>((resolve) => (socket === null ? resolve() : socket.close(() => resolve())));
    },
  };
}
