// Which act each operation is: one row per route. A route without a row is refused, and fails the tests.
import { allRoutes } from '../../api/document.ts';
import type { Act } from '../../core/access.ts';

export type Permission = {
  /** Null: nobody has to prove anything. */
  readonly act: Act | null;
  /** Carries what will run on the machine, so a browser session may not ask for it. */
  readonly sendsCode?: true;
};

const look: Permission = { act: 'look' };
const release: Permission = { act: 'release' };
const manage: Permission = { act: 'manage' };
const open: Permission = { act: null };

/** By the name of the operation. */
export const PERMISSIONS: Readonly<Record<string, Permission>> = {
  healthz: open,
  readyz: open,
  signIn: open,
  openapi: look,
  status: look,
  service: look,
  versions: look,
  traffic: look,
  certificates: look,
  prometheus: look,
  releases: look,
  release: look,
  changes: look,
  ticks: look,
  events: look,
  logs: look,
  course: look,
  metrics: look,
  live: look,
  up: { act: 'release', sendsCode: true },
  releaseService: { act: 'release', sendsCode: true },
  compareWithItself: release,
  rollBack: release,
  promote: release,
  pause: release,
  restart: release,
  drain: release,
  nodes: look,
  drainNode: { act: 'stop' },
  activateNode: { act: 'stop' },
  down: { act: 'stop' },
  stop: { act: 'stop' },
  self: look,
  signOut: look,
  changeOwnPassword: look,
  sessions: look,
  signOutEverywhere: look,
  endSession: look,
  createLink: manage,
  people: manage,
  addPerson: manage,
  changeRole: manage,
  setPassword: manage,
  removePerson: manage,
  tokens: manage,
  createToken: manage,
  revokeToken: manage,
  audit: manage,
  notifications: look,
  testNotifications: manage,
};

export type Found = { readonly operation: string; readonly permission: Permission; readonly about: string };

/**
 * Finds the operation that the application would route a request to; null when there is none, or it has no row. `about`
 * is what stands in the path: a service, a person, an id.
 */
export function createFinder(permissions = PERMISSIONS): (method: string, path: string) => Found | null {
  const rows = allRoutes().flatMap((route) => {
    const operation = route.operationId ?? '';
    const permission = permissions[operation];
    const pattern = new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
    return permission === undefined ? [] : [{ method: route.method.toUpperCase(), pattern, operation, permission }];
  });
  return (method, path) => {
    const asked = method === 'HEAD' ? 'GET' : method;
    for (const row of rows) {
      const match = row.method === asked ? row.pattern.exec(path) : null;
      if (match) return { operation: row.operation, permission: row.permission, about: decode(match[1] ?? '') };
    }
    return null;
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 100);
  } catch {
    return text.slice(0, 100);
  }
}
