// The part of the client that is about people, tokens, links, the audit, and messages to people.
import type {
  AuditView,
  LinkView,
  NewTokenView,
  PersonBody,
  PersonView,
  SelfView,
  TokenBody,
  TokenView,
} from './access-views.ts';
import type { NotificationsView, TestView } from './notice-views.ts';

export type AccessClient = {
  self(): Promise<SelfView>;
  /** Null: for who asks, as admin of this machine. */
  createLink(name: string | null): Promise<LinkView>;
  people(): Promise<readonly PersonView[]>;
  addPerson(body: PersonBody): Promise<PersonView>;
  changeRole(name: string, role: PersonView['role']): Promise<PersonView>;
  /** Null: signs in with links only. */
  setPassword(name: string, password: string | null): Promise<PersonView>;
  removePerson(name: string): Promise<void>;
  tokens(): Promise<readonly TokenView[]>;
  createToken(body: TokenBody): Promise<NewTokenView>;
  revokeToken(id: string): Promise<void>;
  /** Who is told of releases, and how it went. */
  notifications(): Promise<NotificationsView>;
  /** Sends a test message to every target, now. */
  testNotifications(): Promise<TestView>;
  /** Newest first. */
  audit(query: { readonly limit?: number; readonly before?: number }): Promise<readonly AuditView[]>;
};

export type Send = {
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  remove(path: string): Promise<void>;
};

export function accessClient({ get, post, remove }: Send): AccessClient {
  const of = (kind: 'people' | 'tokens', id: string) => `/${kind}/${encodeURIComponent(id)}`;
  return {
    self: () => get('/session'),
    createLink: (name) => post('/links', { name }),
    people: () => get('/people'),
    addPerson: (body) => post('/people', body),
    changeRole: (name, role) => post(`${of('people', name)}/role`, { role }),
    setPassword: (name, password) => post(`${of('people', name)}/password`, { password }),
    removePerson: (name) => remove(of('people', name)),
    tokens: () => get('/tokens'),
    createToken: (body) => post('/tokens', body),
    revokeToken: (id) => remove(of('tokens', id)),
    notifications: () => get('/notifications'),
    testNotifications: () => post('/notifications/test', {}),
    audit: (query) => get('/audit', query),
  };
}
