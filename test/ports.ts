// Ports for tests that run side by side: each process has blocks of its own, below those that the system and the product give out.
import { createServer } from 'node:net';

/** First and last, both included. */
type PortRange = { readonly first: number; readonly last: number };

/** The control plane gives out 18000 to 19999, runtimes 20000 to 32767, the kernel what is above (Source: ip(7), ip_local_port_range). */
const FIRST = 10_000;
const LAST = 17_999;
const BLOCK = 50;

/** Only from here on, so that two processes do not try the same blocks in the same order. */
const start = process.pid % ((LAST - FIRST + 1) / BLOCK);
let tried = 0;
let block: PortRange = { first: FIRST, last: FIRST - 1 };
let turn: Promise<unknown> = Promise.resolve();

/** A port that nobody listens on, and that no other test is given. */
export function freePort(): Promise<number> {
  return inTurn(async () => {
    for (;;) {
      if (block.first > block.last) block = await nextBlock();
      const { first } = block;
      block = { ...block, first: first + 1 };
      if (await listens(first, (server) => server.close())) return first;
    }
  });
}

/**
 * 49 ports in a row that are this process's until it ends, however it ends: it listens on the port before them, and
 * whoever can do that has the block.
 */
export function claimPorts(): Promise<PortRange> {
  return inTurn(nextBlock);
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work, work);
  turn = result;
  return result;
}

async function nextBlock(): Promise<PortRange> {
  const blocks = (LAST - FIRST + 1) / BLOCK;
  for (; tried < blocks; tried += 1) {
    const guard = FIRST + ((start + tried) % blocks) * BLOCK;
    if (await listens(guard, (server) => server.unref())) return { first: guard + 1, last: guard + BLOCK - 1 };
  }
  throw new Error(`All ${blocks} blocks of ports from ${FIRST} to ${LAST} are claimed: do test processes hang?`);
}

function listens(port: number, then: (server: ReturnType<typeof createServer>) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      then(server);
      if (server.listening) resolve(true);
      else server.once('close', () => resolve(true));
    });
  });
}
