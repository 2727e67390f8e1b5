// The routes of greetings: which greeting a client sees, and its likes.
import type { Clients } from './clients.ts';
import type { Counters } from './counters.ts';
import { chooseVariant, VARIANTS, type Variant } from './epsilon-greedy.ts';
import { Problem } from './http/problem.ts';
import type { App, Route } from './http/server.ts';

const GREETINGS: Readonly<Record<Variant, string>> = {
  a: 'Hello! What shall we work out today?',
  b: 'Good morning! Your numbers are waiting.',
};

export type GreetingsOptions = {
  readonly counters: Counters;
  readonly clients: Clients;
  /** Share of new clients, 0 to 1, who get a greeting by chance. */
  readonly epsilon: number;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
};

export function createGreetings({ counters, clients, epsilon, random }: GreetingsOptions): App {
  const greeting: Route = {
    method: 'GET',
    path: '/greeting',
    handle({ query }) {
      const id = clientOf(query.get('client'));
      let client = clients.get(id);
      if (client === undefined) {
        client = { variant: chooseVariant(counters.read(), epsilon, random), hasLiked: false };
        clients.set(id, client);
        counters.add(client.variant, 'exposures');
      }
      const { variant, hasLiked } = client;
      return { json: { greeting: GREETINGS[variant], variant, hasLiked } };
    },
  };
  const like: Route = {
    method: 'POST',
    path: '/like',
    async handle(request) {
      const { variant, client } = likeOf(await request.json());
      const known = client === null ? undefined : clients.get(client);
      const isNew = known?.hasLiked !== true;
      if (isNew) counters.add(variant, 'likes');
      if (client !== null) clients.set(client, { variant, hasLiked: true });
      return { json: { variant, isNew, likes: counters.read()[variant].likes } };
    },
  };
  const counts: Route = { method: 'GET', path: '/counts', handle: () => ({ json: counters.read() }) };
  return { routes: [greeting, like, counts], metrics: () => render(counters), close: () => counters.close() };
}

function render(counters: Counters): string {
  const counts = counters.read();
  const lines: string[] = [];
  for (const field of ['exposures', 'likes'] as const) {
    lines.push(`# TYPE greetings_${field}_total counter`);
    for (const variant of VARIANTS)
      lines.push(`greetings_${field}_total{variant="${variant}"} ${counts[variant][field]}`);
  }
  return `${lines.join('\n')}\n`;
}

function clientOf(id: unknown): string {
  if (typeof id === 'string' && /^[\w-]{1,64}$/.test(id)) return id;
  throw new Problem(
    400,
    'Not a client',
    'client must be 1 to 64 letters, digits, "-" or "_": whoever sees the greeting.',
  );
}

/** Without a client every like counts. */
function likeOf(body: unknown): { variant: Variant; client: string | null } {
  const { variant, client } = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const known = VARIANTS.find((each) => each === variant);
  if (known === undefined) throw new Problem(400, 'Not a greeting', `variant must be one of: ${VARIANTS.join(', ')}.`);
  return { variant: known, client: client === undefined ? null : clientOf(client) };
}
