// The routes of awesome-app: the page, and what the page asks for, forwarded to greetings and maths.
import { randomUUID } from 'node:crypto';
import { Problem } from './http/problem.ts';
import type { App, Request, Route } from './http/server.ts';
import { readPage } from './page.ts';
import type { Upstream } from './upstream.ts';

const COOKIE = 'calculator_client';
const COOKIE_SECONDS = 365 * 24 * 3600;
const OPERATIONS = ['add', 'subtract', 'multiply', 'divide'];

export async function createAwesomeApp(greetings: Upstream, maths: Upstream): Promise<App> {
  const greeting: Route = {
    method: 'GET',
    path: '/api/greeting',
    async handle(request) {
      const { id, headers } = visitor(request);
      const { body, answeredBy } = await greetings.call(`/greeting?client=${id}`, request.headers);
      return { headers, json: { ...body, answeredBy } };
    },
  };
  const like: Route = {
    method: 'POST',
    path: '/api/greeting/like',
    async handle(request) {
      const { id, headers } = visitor(request);
      const sent = await request.json();
      const variant = typeof sent === 'object' && sent !== null && 'variant' in sent ? sent.variant : null;
      const { body, answeredBy } = await greetings.call('/like', request.headers, { variant, client: id });
      return { headers, json: { ...body, answeredBy } };
    },
  };
  const counts: Route = {
    method: 'GET',
    path: '/api/counts',
    async handle({ headers }) {
      const { body, answeredBy } = await greetings.call('/counts', headers);
      return { json: { ...body, answeredBy } };
    },
  };
  const calculate: Route = {
    method: 'GET',
    path: '/api/calculate',
    async handle({ query, headers }) {
      const operation = query.get('operation') ?? '';
      if (!OPERATIONS.includes(operation)) {
        throw new Problem(400, 'No such operation', `operation must be one of: ${OPERATIONS.join(', ')}.`);
      }
      const numbers = new URLSearchParams({ a: query.get('a') ?? '', b: query.get('b') ?? '' });
      const { body, answeredBy } = await maths.call(`/${operation}?${numbers}`, headers);
      return { json: { ...body, answeredBy } };
    },
  };
  const page = await readPage((request) => visitor(request).headers['set-cookie'] ?? null);
  return { routes: [...page, greeting, like, counts, calculate] };
}

/** Who asks: the id in the cookie, or a new one and the header that sets it. */
function visitor({ headers }: Request): { id: string; headers: Record<string, string> } {
  const [, known] = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{1,64})(?:;|$)`).exec(headers.cookie ?? '') ?? [];
  if (known !== undefined) return { id: known, headers: {} };
  const id = randomUUID();
  return {
    id,
    headers: { 'set-cookie': `${COOKIE}=${id}; Path=/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax` },
  };
}
