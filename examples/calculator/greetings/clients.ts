// Remembers which greeting each client got, so that a client keeps it, and is counted once and likes once.
import type { Variant } from './epsilon-greedy.ts';

export type Client = { readonly variant: Variant; readonly hasLiked: boolean };

export type Clients = {
  get(id: string): Client | undefined;
  set(id: string, client: Client): void;
  readonly size: number;
};

/** Keeps the `limit` clients seen last and forgets the others, so that memory stays bounded. */
export function createClients(limit: number): Clients {
  const known = new Map<string, Client>();
  const set = (id: string, client: Client) => {
    known.delete(id);
    known.set(id, client);
    for (const oldest of known.keys()) {
      if (known.size <= limit) break;
      known.delete(oldest);
    }
  };
  return {
    get(id) {
      const client = known.get(id);
      if (client !== undefined) set(id, client);
      return client;
    },
    set,
    get size() {
      return known.size;
    },
  };
}
