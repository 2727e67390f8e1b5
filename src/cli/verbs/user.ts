// friday user: people and their roles.
import type { AccessClient } from '../../api/access-client.ts';
import type { PersonView } from '../../api/access-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { Role } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import { cancelled, confirm } from '../ask.ts';
import type { Call } from '../call.ts';
import { type Column, table } from '../output/columns.ts';
import { agoOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { askSecret } from '../secret.ts';

export type UserOptions = {
  readonly role?: Role | undefined;
  readonly password?: true | undefined;
  readonly none?: true | undefined;
};
type Act = 'ls' | 'add' | 'role' | 'password' | 'remove';

export async function user(call: Call, act: Act, name: string | undefined, options: UserOptions): Promise<ExitCode> {
  const { access } = await call.connect();
  if (act === 'ls') return list(call, access);
  const person = required(name, 'a name', `friday user ${act} ana`);
  if (act === 'remove') return remove(call, access, person);
  const view = await changed(call, access, act, person, options);
  const mark = paintOf(call.terminal.hasColour).good('✓');
  call.terminal.answer(
    `  ${mark} ${view.name} is ${view.role}, and ${view.hasPassword ? 'has a password' : 'has no password'}`,
  );
  if (act === 'add') call.terminal.say(`  A link to come in with: friday open --for ${view.name}`);
  call.terminal.json(view);
  return 0;
}

async function changed(
  call: Call,
  access: AccessClient,
  act: 'add' | 'role' | 'password',
  name: string,
  { role, password, none }: UserOptions,
): Promise<PersonView> {
  if (act === 'password') {
    return access.setPassword(name, none ? null : await askSecret(call, `New password of ${name}: `));
  }
  const given = required(role, '--role', `friday user ${act} ${name} --role viewer`);
  if (act === 'role') return access.changeRole(name, given);
  const secret = password ? await askSecret(call, `Password of ${name}: `) : null;
  return access.addPerson({ name, role: given, password: secret });
}

async function list({ terminal, clock }: Call, access: AccessClient): Promise<ExitCode> {
  const people = await access.people();
  const columns: Column[] = ['NAME', 'ROLE', 'PASSWORD', 'SESSIONS', 'LAST SEEN'].map((title) => ({
    title,
    align: 'left',
  }));
  const rows = people.map((one) => [
    { text: one.name },
    { text: one.role },
    { text: one.hasPassword ? 'yes' : '–' },
    { text: one.sessions === 0 ? '–' : String(one.sessions) },
    { text: one.seenAt === null ? '–' : agoOf(one.seenAt, clock.now()) },
  ]);
  const nobody = 'Nobody was let in yet; whoever may open the socket is admin.';
  terminal.answer(people.length === 0 ? nobody : table(columns, rows, terminal.width));
  terminal.json(people);
  return 0;
}

async function remove(call: Call, access: AccessClient, name: string): Promise<ExitCode> {
  if (!(await confirm(call, `Let ${name} in no more?`))) return cancelled(call);
  await access.removePerson(name);
  call.terminal.answer(`  ${paintOf(call.terminal.hasColour).good('✓')} ${name} may come in no more`);
  call.terminal.json({ removed: name });
  return 0;
}

function required<T>(value: T | undefined, what: string, example: string): T {
  if (value !== undefined) return value;
  throw new Failure('invalid', `This needs ${what}.`, { hint: example });
}
