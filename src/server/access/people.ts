// People and their passwords: added, given a role, removed. What a person loses counts at once, in every open session.
import type { PersonView } from '../../api/access-views.ts';
import { isName, type Role } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import type { Person } from '../../ports/access.ts';
import type { Passwords } from './passwords.ts';
import type { Tables } from './tables.ts';

export type People = {
  /** By name. */
  list(): readonly PersonView[];
  /** Failures: `conflict` (there is one of this name, or there are 1000), `invalid` (the name). */
  add(order: { name: string; role: Role; password: string | null }, by: string, now: number): Promise<PersonView>;
  /** Failure: `not-found`. */
  changeRole(name: string, role: Role): Promise<PersonView>;
  /** Null takes it away. All sessions of the person end, but for the one that is named. Failure: `not-found`. */
  setPassword(name: string, password: string | null, keptSession?: string | null): Promise<PersonView>;
  /** Sessions and links end. Failure: `not-found`. */
  remove(name: string): Promise<void>;
};

const MOST = 1000;

export function createPeople(tables: Tables, passwords: Passwords): People {
  const find = (name: string): Person => {
    const person = tables.get('people', name);
    if (person) return person;
    throw new Failure('not-found', `There is nobody called ${name.slice(0, 64)}.`, { hint: 'friday user ls' });
  };
  const view = (person: Person): PersonView => {
    const own = sessionsOf(tables, person.name);
    const { name, role, password, createdAt, createdBy } = person;
    const seenAt = own.length === 0 ? null : Math.max(...own.map((one) => one.seenAt));
    return { name, role, hasPassword: password !== null, createdAt, createdBy, sessions: own.length, seenAt };
  };
  const change = (name: string, to: (person: Person) => Person, ends: readonly string[]) => {
    const changed = to(find(name));
    return tables.commit({ put: { people: [changed] }, remove: { sessions: ends } }).then(() => view(changed));
  };
  return {
    list: () =>
      tables
        .all('people')
        .map(view)
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    add: async ({ name, role, password }, by, now) => {
      if (!isName(name)) throw new Failure('invalid', 'A name has 1 to 64 letters, digits, ., _, @ and -.');
      const kept = password === null ? null : await passwords.hash(password);
      return tables.alone(async () => {
        if (tables.get('people', name)) throw new Failure('conflict', `There is somebody called ${name} already.`);
        if (tables.all('people').length >= MOST) throw new Failure('conflict', `There are ${MOST} people already.`);
        const person: Person = { name, role, password: kept, createdAt: now, createdBy: by };
        await tables.commit({ put: { people: [person] } });
        return view(person);
      });
    },
    changeRole: (name, role) => tables.alone(() => change(name, (person) => ({ ...person, role }), [])),
    setPassword: async (name, password, keptSession = null) => {
      find(name);
      const kept = password === null ? null : await passwords.hash(password);
      return tables.alone(() => {
        const ends = sessionsOf(tables, name).filter((one) => one.id !== keptSession);
        return change(
          name,
          (person) => ({ ...person, password: kept }),
          ends.map((one) => one.id),
        );
      });
    },
    remove: (name) =>
      tables.alone(async () => {
        find(name);
        const sessions = sessionsOf(tables, name).map((one) => one.id);
        const links = tables.all('links').filter((one) => one.name === name && one.role === null);
        await tables.commit({ remove: { people: [name], sessions, links: links.map((one) => one.id) } });
      }),
  };
}

/** Those of the person; sessions of whoever could open the socket are nobody's, though they have a name, too. */
function sessionsOf(tables: Tables, name: string) {
  return tables.all('sessions').filter((one) => one.name === name && one.role === null);
}
