// Whether the engines of the nodes answer: asked several times a second, because Swarm itself takes 12 s and more to notice.
import { connect } from 'node:net';

/** Where the engines of a Swarm listen for each other. Source: docs.docker.com, "Getting started with swarm mode": TCP 7946. */
const GOSSIP_PORT = 7946;
const EVERY_MS = 350;
const PATIENCE_MS = 600;
/** In a row. */
const SILENT_AFTER = 2;
/** Who is late by so much has no right to call others late. */
const STALL_MS = 250;

export type Reach = {
  /** The addresses to ask from now on. */
  follow(addresses: Iterable<string>): void;
  /** It answered before and does not any more. One that never answered may be behind a firewall, and is not silent. */
  isSilent(address: string): boolean;
  close(): void;
};

type Heard = { hasAnswered: boolean; misses: number };

/** `onTurn` is called when an engine falls silent or answers again. */
export function watchReach(onTurn: (address: string) => void, port = GOSSIP_PORT): Reach {
  const heard = new Map<string, Heard>();
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const hasStalled = now - last > EVERY_MS + STALL_MS;
    last = now;
    if (!hasStalled) for (const address of heard.keys()) void ask(address);
  }, EVERY_MS);
  timer.unref();

  const ask = async (address: string) => {
    const asked = performance.now();
    const isThere = await answers(address, port, PATIENCE_MS);
    const one = heard.get(address);
    if (one === undefined) return;
    // This process itself may have had no processor meanwhile; then the answer could not be taken.
    if (!isThere && performance.now() - asked > PATIENCE_MS + STALL_MS) return;
    const before = isSilent(one);
    one.hasAnswered ||= isThere;
    one.misses = isThere ? 0 : one.misses + 1;
    if (isSilent(one) !== before) onTurn(address);
  };
  return {
    follow: (addresses) => {
      const wanted = new Set(addresses);
      for (const address of heard.keys()) if (!wanted.has(address)) heard.delete(address);
      for (const address of wanted) {
        if (heard.has(address)) continue;
        heard.set(address, { hasAnswered: false, misses: 0 });
        void ask(address);
      }
    },
    isSilent: (address) => {
      const one = heard.get(address);
      return one !== undefined && isSilent(one);
    },
    close: () => clearInterval(timer),
  };
}

function isSilent({ hasAnswered, misses }: Heard): boolean {
  return hasAnswered && misses >= SILENT_AFTER;
}

/** Whether something accepts a connection there in time. Never rejects. */
export function answers(host: string, port: number, patienceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isThere: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isThere);
    };
    const timer = setTimeout(() => end(false), patienceMs);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
