// Reads the lines of ended requests from HAProxy's rings, one reader for each worker, those that are ending too.
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../../../core/failure.ts';

const ATTACH_MS = 5_000;
const LOOK_MS = 10;

/**
 * A worker that is ending stays until nobody reads its ring any more, so that its last lines are not lost with it: it must
 * be let go with `release`.
 */
export class LineReaders {
  private readonly path: string;
  private readonly take: (line: string) => void;
  private readonly readers = new Map<number, Socket>();

  /** `path` is HAProxy's own socket, which the worker has that takes new connections. */
  constructor(path: string, take: (line: string) => void) {
    this.path = path;
    this.take = take;
  }

  get workers(): readonly number[] {
    return [...this.readers.keys()];
  }

  /** Reads what this worker tells from now on, with `isNew` from its beginning. Failure: `unavailable`. */
  async attach(worker: number, isNew: boolean): Promise<void> {
    const until = performance.now() + ATTACH_MS;
    while (!this.readers.has(worker)) {
      const found = await this.open(isNew).catch(() => null);
      if (found?.worker === worker) {
        const { socket } = found;
        this.readers.set(worker, socket);
        socket.once('close', () => this.readers.delete(worker));
        if (socket.destroyed) this.readers.delete(worker);
        return;
      }
      // The worker before may have answered once more.
      found?.socket.destroy();
      if (performance.now() > until) {
        throw new Failure('unavailable', `HAProxy (process ${worker}) does not tell of its requests on ${this.path}.`);
      }
      await wait(LOOK_MS);
    }
  }

  release(worker: number): void {
    this.readers.get(worker)?.destroy();
    this.readers.delete(worker);
  }

  close(): void {
    for (const worker of this.workers) this.release(worker);
  }

  /** Asks who it is, then for all lines to come. */
  private open(isNew: boolean): Promise<{ readonly worker: number; readonly socket: Socket }> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.path, () => socket.write(`show info;show events events -w${isNew ? '' : ' -n'}\n`));
      socket.setEncoding('latin1');
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('It closed the connection.')));
      let worker: number | null = null;
      let rest = '';
      socket.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const pid = worker === null ? /^Pid: (\d+)$/.exec(line)?.[1] : undefined;
          if (pid !== undefined) {
            worker = Number(pid);
            resolve({ worker, socket });
          } else if (worker !== null) this.take(line);
        }
      });
      socket.on('error', () => undefined);
    });
  }
}
