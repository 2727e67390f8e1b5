// The routes of signing in, people, tokens, sessions and the audit.
import { createRoute, z } from '@hono/zod-openapi';
import * as examples from './access-examples.ts';
import {
  AuditQuery,
  AuditView,
  LinkBody,
  LinkView,
  NewTokenView,
  OwnPasswordBody,
  PasswordBody,
  PersonBody,
  PersonView,
  RoleBody,
  SelfView,
  SessionView,
  SignInBody,
  TokenBody,
  TokenView,
} from './access-views.ts';
import { ASKED, answer, asking, body, Named, ORDERED, problems } from './route-parts.ts';

const about = { ...asking, tags: ['Access'] };
const MISSING = problems(404);
const gone = { description: 'It is gone' };
const Identified = z.object({
  id: z
    .string()
    .min(1)
    .max(64)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'k7Qd2mXw' }),
});

export const getSelf = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/session',
  operationId: 'self',
  summary: 'Who asks, and what they may',
  responses: { 200: answer('Who asks', SelfView, examples.self), ...ASKED },
});

export const postSession = createRoute({
  ...about,
  security: [],
  method: 'post',
  path: '/api/v1/session',
  operationId: 'signIn',
  summary: 'Sign a browser in, with the code of a one-time link or with name and password',
  description:
    'Only over TCP. The answer sets a cookie that scripts cannot read. What is wrong is not told. After 5 wrong ' +
    'passwords for a name within 15 minutes, or 20 from an address, the answer is 429 with Retry-After.',
  request: { body: body(SignInBody, { code: 'xyz' }) },
  responses: { 200: answer('Signed in', SelfView, examples.self), ...ORDERED, ...problems(429) },
});

export const deleteSession = createRoute({
  ...about,
  method: 'delete',
  path: '/api/v1/session',
  operationId: 'signOut',
  summary: 'Sign this browser out',
  responses: { 204: { description: 'Signed out' }, ...ASKED },
});

export const postOwnPassword = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/session/password',
  operationId: 'changeOwnPassword',
  summary: 'Change the own password; all other sessions of the person end',
  request: { body: body(OwnPasswordBody, { current: 'the old passphrase', password: 'a long passphrase' }) },
  responses: { 200: answer('Who asks', SelfView, examples.self), ...ORDERED, ...problems(429) },
});

export const getSessions = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/sessions',
  operationId: 'sessions',
  summary: 'Open sessions: the own ones, for an admin those of everybody',
  responses: { 200: answer('Newest first', z.array(SessionView), [examples.session]), ...ASKED },
});

export const deleteSessions = createRoute({
  ...about,
  method: 'delete',
  path: '/api/v1/sessions',
  operationId: 'signOutEverywhere',
  summary: 'Sign out everywhere: all sessions of the person end, this one too',
  responses: { 204: { description: 'Signed out' }, ...ASKED },
});

export const deleteOneSession = createRoute({
  ...about,
  method: 'delete',
  path: '/api/v1/sessions/{id}',
  operationId: 'endSession',
  summary: 'End a session: an own one, for an admin anybody’s',
  request: { params: Identified },
  responses: { 204: gone, ...ASKED, ...MISSING },
});

export const postLink = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/links',
  operationId: 'createLink',
  summary: 'Make a link that signs a browser in, once, within 10 minutes',
  request: { body: body(LinkBody, { name: 'ana' }) },
  responses: { 201: answer('The link', LinkView, examples.link), ...ORDERED, ...MISSING },
});

export const getPeople = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/people',
  operationId: 'people',
  summary: 'People and their roles',
  responses: { 200: answer('By name', z.array(PersonView), [examples.person]), ...ASKED },
});

export const postPerson = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/people',
  operationId: 'addPerson',
  summary: 'Let somebody in',
  request: { body: body(PersonBody, { name: 'ana', role: 'releaser' }) },
  responses: { 201: answer('The person', PersonView, examples.person), ...ORDERED },
});

export const postRole = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/people/{name}/role',
  operationId: 'changeRole',
  summary: 'Give somebody another role; it counts at once',
  request: { params: Named, body: body(RoleBody, { role: 'approver' }) },
  responses: { 200: answer('The person', PersonView, examples.person), ...ORDERED, ...MISSING },
});

export const postPassword = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/people/{name}/password',
  operationId: 'setPassword',
  summary: 'Set or take away somebody’s password; their sessions end',
  request: { params: Named, body: body(PasswordBody, { password: 'a long passphrase' }) },
  responses: { 200: answer('The person', PersonView, examples.person), ...ORDERED, ...MISSING },
});

export const deletePerson = createRoute({
  ...about,
  method: 'delete',
  path: '/api/v1/people/{name}',
  operationId: 'removePerson',
  summary: 'Let somebody in no more; their sessions and links end',
  request: { params: Named },
  responses: { 204: gone, ...ASKED, ...MISSING },
});

export const getTokens = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/tokens',
  operationId: 'tokens',
  summary: 'Tokens for programs',
  responses: { 200: answer('Newest first', z.array(TokenView), [examples.token]), ...ASKED },
});

export const postToken = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/tokens',
  operationId: 'createToken',
  summary: 'Make a token for a program; its secret is shown this once',
  request: { body: body(TokenBody, { name: 'ci', role: 'releaser', days: 90 }) },
  responses: { 201: answer('The token', NewTokenView, examples.newToken), ...ORDERED },
});

export const deleteToken = createRoute({
  ...about,
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  operationId: 'revokeToken',
  summary: 'Revoke a token; it is worth nothing at once',
  request: { params: Identified },
  responses: { 204: gone, ...ASKED, ...MISSING },
});

export const getAudit = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/audit',
  operationId: 'audit',
  summary: 'What people and programs changed, or tried to: the newest 20 000 entries',
  request: { query: AuditQuery },
  responses: { 200: answer('Newest first', z.array(AuditView), [examples.audited]), ...ASKED },
});
