// Asking the control plane: JSON, orders, and streams of lines. Problems come as one class with the words of the server.
import { signal } from '@preact/signals';
import type {
  AuditView,
  LinkView,
  NewTokenView,
  PersonView,
  SelfView,
  SessionView,
  TokenView,
} from '../../src/api/access-views.ts';
import type { DifferencesView } from '../../src/api/difference-views.ts';
import type { CourseView, RangeView } from '../../src/api/live-views.ts';
import type { NodeView } from '../../src/api/node-views.ts';
import type { EventView, ReleaseView, ServiceView, VersionView } from '../../src/api/views.ts';
import { go } from './router.ts';

export class Problem extends Error {
  readonly status: number;
  readonly hint: string;

  constructor(status: number, detail: string, hint = '') {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.hint = hint;
  }
}

/** Null until it is known; `self` null when somebody has to sign in. */
export type Session = { readonly self: SelfView | null };
export const session = signal<Session | null>(null);

export const OUT: Session = { self: null };

/** Whether this person may do it: look, release, approve, stop, manage. */
export function may(act: SelfView['may'][number]): boolean {
  return session.value?.self?.may.includes(act) === true;
}

const KEY = 'friday-token';

/** A token that was typed in lives as long as the tab. */
export function tokenOf(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}

export function headersOf(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const token = tokenOf();
  const csrf = session.peek()?.self?.csrf ?? null;
  return {
    ...more,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(csrf === null ? {} : { 'x-friday-csrf': csrf }),
  };
}

export async function problemIn(answer: Response): Promise<Problem> {
  if (answer.status === 401) session.value = OUT;
  try {
    const { detail, hint } = (await answer.json()) as { detail?: string; hint?: string };
    return new Problem(answer.status, detail ?? `The server answered ${answer.status}.`, hint);
  } catch {
    return new Problem(answer.status, `The server answered ${answer.status}.`);
  }
}

async function fetched(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Problem(0, 'The control plane cannot be reached.', 'Is it running? friday status');
  }
  if (!answer.ok) throw await problemIn(answer);
  return answer;
}

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function pathOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, `${value}`);
  }
  return `/api/v1${path}${search.size > 0 ? `?${search}` : ''}`;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const answer = await fetched(pathOf(path, query), { headers: headersOf(), ...(signal ? { signal } : {}) });
  return (await answer.json()) as T;
}

export async function send<T>(path: string, body: unknown, method = 'POST'): Promise<T> {
  const order = { 'content-type': 'application/json', 'idempotency-key': keyOf() };
  const init = body === null ? { headers: headersOf() } : { headers: headersOf(order), body: JSON.stringify(body) };
  const answer = await fetched(pathOf(path), { method, ...init });
  const text = await answer.text();
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** `crypto.randomUUID` is not there on pages that came over plain HTTP from another machine. */
function keyOf(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The lines of a stream, without empty ones. `onByte` hears of every sign of life. */
export async function* linesOf(
  path: string,
  query: Query,
  signal: AbortSignal,
  onByte: () => void = () => {},
): AsyncGenerator<string> {
  const answer = await fetched(pathOf(path, query), { headers: headersOf(), signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    onByte();
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}

/** Who asks; signs in with the code of a one-time link when the address has one. */
export async function knowSelf(): Promise<void> {
  const code = location.pathname === '/sign-in' ? location.hash.slice(1) : '';
  if (location.pathname === '/sign-in') go('/', true);
  if (code !== '') {
    keepToken(null);
    session.value = { self: await send<SelfView>('/session', { code }) };
    return;
  }
  session.value = { self: await get<SelfView>('/session') };
}

export async function signIn(name: string, password: string): Promise<void> {
  keepToken(null);
  session.value = { self: await send<SelfView>('/session', { name, password }) };
}

export async function signInWithToken(token: string): Promise<void> {
  keepToken(token);
  try {
    await knowSelf();
  } catch (error) {
    keepToken(null);
    throw error;
  }
}

export async function signOut(): Promise<void> {
  if (tokenOf() === null) await send('/session', null, 'DELETE').catch(() => undefined);
  keepToken(null);
  session.value = OUT;
}

const of = (service: string) => `/services/${encodeURIComponent(service)}`;

export const api = {
  service: (name: string, signal?: AbortSignal) => get<ServiceView>(of(name), {}, signal),
  versions: (name: string) => get<readonly VersionView[]>(`${of(name)}/versions`),
  releases: (query: { service?: string; limit?: number } = {}) => get<readonly ReleaseView[]>('/releases', query),
  release: (id: number) => get<ReleaseView>(`/releases/${id}`),
  changes: (id: number) => get<DifferencesView>(`/releases/${id}/changes`),
  nodes: () => get<readonly NodeView[]>('/nodes'),
  course: (id: number, moments: number) => get<CourseView>(`/releases/${id}/course`, { points: 240, moments }),
  metrics: (query: Query) => get<RangeView>('/metrics', query),
  /** The newest ones, oldest first. */
  events: async (query: Query): Promise<readonly EventView[]> => {
    const events: EventView[] = [];
    const lines = linesOf('/events', { ...query, follow: false }, new AbortController().signal);
    for await (const line of lines) events.push(JSON.parse(line) as EventView);
    return events;
  },
  access: {
    people: () => get<readonly PersonView[]>('/people'),
    addPerson: (name: string, role: string) => send<PersonView>('/people', { name, role, password: null }),
    changeRole: (name: string, role: string) => send<PersonView>(`/people/${encodeURIComponent(name)}/role`, { role }),
    removePerson: (name: string) => send<null>(`/people/${encodeURIComponent(name)}`, null, 'DELETE'),
    link: (name: string) => send<LinkView>('/links', { name }),
    tokens: () => get<readonly TokenView[]>('/tokens'),
    createToken: (name: string, role: string, days: number | null) =>
      send<NewTokenView>('/tokens', { name, role, days }),
    revoke: (id: string) => send<null>(`/tokens/${encodeURIComponent(id)}`, null, 'DELETE'),
    sessions: () => get<readonly SessionView[]>('/sessions'),
    endSession: (id: string) => send<null>(`/sessions/${encodeURIComponent(id)}`, null, 'DELETE'),
    changePassword: (current: string, password: string) => send<SelfView>('/session/password', { current, password }),
    audit: (before: number | null) => get<readonly AuditView[]>('/audit', { limit: 50, before }),
  },
  restart: (service: string, instance: string | null) =>
    send<ServiceView>(`${of(service)}/restart`, { instance, reason: '' }),
  drain: (service: string, instance: string, act: 'out' | 'back' | 'stop') =>
    send<ServiceView>(`${of(service)}/drain`, { instance, act, reason: '' }),
  pause: (service: string) => send<ReleaseView>(`${of(service)}/pause`, { reason: '' }),
  promote: (service: string, to: number | null) => send<ReleaseView>(`${of(service)}/promote`, { to, reason: '' }),
  rollBack: (service: string, version: number | null) =>
    send<ReleaseView>(`${of(service)}/rollback`, { version, reason: '' }),
};
