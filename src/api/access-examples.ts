// Examples of people, tokens, sessions and the audit for the API document and for tests.
import type {
  AuditView,
  LinkView,
  NewTokenView,
  PersonView,
  SelfView,
  SessionView,
  TokenView,
} from './access-views.ts';

const at = 1_795_161_600_000;
const DAY = 86_400_000;

export const self: SelfView = {
  name: 'ana',
  role: 'approver',
  how: 'session',
  session: 'k7Qd2mXw',
  hasPassword: true,
  csrf: 'vhV2cF3C0g0zCw8Q2k8hQ5cH3n0',
  may: ['look', 'release', 'approve'],
};

export const person: PersonView = {
  name: 'ana',
  role: 'approver',
  hasPassword: true,
  createdAt: at - 30 * DAY,
  createdBy: 'root',
  sessions: 1,
  seenAt: at,
};

export const token: TokenView = {
  id: 'k7Qd2mXw',
  name: 'ci',
  role: 'releaser',
  createdAt: at - DAY,
  createdBy: 'ana',
  expiresAt: at + 89 * DAY,
  usedAt: at,
  isExpired: false,
};

export const newToken: NewTokenView = { ...token, usedAt: null, secret: 'fri_…' };

export const session: SessionView = {
  id: 'k7Qd2mXw',
  name: 'ana',
  role: 'approver',
  createdAt: at - 3_600_000,
  seenAt: at,
  endsAt: at + 6 * DAY,
  how: 'link',
  agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0',
  isOwn: true,
};

export const link: LinkView = {
  url: 'http://127.0.0.1:4747/sign-in#xyz',
  code: 'xyz',
  name: 'ana',
  endsAt: at + 600_000,
};

export const audited: AuditView = {
  seq: 812,
  at,
  who: 'ana',
  how: 'session',
  role: 'approver',
  what: 'promote',
  about: 'api',
  status: 200,
  from: '127.0.0.1',
};
