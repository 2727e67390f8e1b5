// friday token: tokens for programs.
import type { AccessClient } from '../../api/access-client.ts';
import type { TokenView } from '../../api/access-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { Role } from '../../core/access.ts';
import { Failure } from '../../core/failure.ts';
import { cancelled, confirm } from '../ask.ts';
import type { Call } from '../call.ts';
import { type Column, table } from '../output/columns.ts';
import { agoOf, dayOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';

export type TokenOptions = {
  readonly role?: Role | undefined;
  readonly days?: number | undefined;
  readonly forever?: true | undefined;
};

export async function token(
  call: Call,
  act: 'ls' | 'create' | 'revoke',
  name: string | undefined,
  options: TokenOptions,
): Promise<ExitCode> {
  const { access } = await call.connect();
  if (act === 'ls') return list(call, access);
  if (name === undefined) {
    throw new Failure('invalid', 'This needs a name.', { hint: `friday token ${act} ci` });
  }
  return act === 'create' ? create(call, access, name, options) : revoke(call, access, name);
}

/** The secret alone is on stdout, so that it can be piped to where it belongs. */
async function create(
  { terminal }: Call,
  access: AccessClient,
  name: string,
  options: TokenOptions,
): Promise<ExitCode> {
  const days = options.forever ? null : Math.round(options.days ?? 90);
  const made = await access.createToken({ name, role: options.role ?? 'releaser', days });
  terminal.answer(made.secret);
  const until = made.expiresAt === null ? 'until it is revoked' : `until ${dayOf(made.expiresAt)}`;
  terminal.say([`  ${made.name} is ${made.role}, ${until}. It is shown this once: keep it where secrets are kept.`]);
  terminal.json(made);
  return 0;
}

async function list({ terminal, clock }: Call, access: AccessClient): Promise<ExitCode> {
  const tokens = await access.tokens();
  const columns: Column[] = ['ID', 'NAME', 'ROLE', 'MADE BY', 'EXPIRES', 'LAST USED'].map((title) => ({
    title,
    align: 'left',
  }));
  const rows = tokens.map((one) => [
    { text: one.id },
    { text: one.name },
    { text: one.role },
    { text: one.createdBy },
    { text: one.expiresAt === null ? 'never' : one.isExpired ? 'expired' : dayOf(one.expiresAt) },
    { text: one.usedAt === null ? 'never' : agoOf(one.usedAt, clock.now()) },
  ]);
  terminal.answer(tokens.length === 0 ? 'There are no tokens.' : table(columns, rows, terminal.width));
  terminal.json(tokens);
  return 0;
}

async function revoke(call: Call, access: AccessClient, name: string): Promise<ExitCode> {
  const found = (await access.tokens()).filter((one) => one.id === name || one.name === name);
  const one = onlyOne(found, name);
  if (!(await confirm(call, `Revoke the token ${one.name} (${one.role})?`))) return cancelled(call);
  await access.revokeToken(one.id);
  call.terminal.answer(`  ${paintOf(call.terminal.hasColour).good('✓')} ${one.name} is worth nothing any more`);
  call.terminal.json({ revoked: one.id });
  return 0;
}

function onlyOne(found: readonly TokenView[], name: string): TokenView {
  const [one] = found;
  if (one && found.length === 1) return one;
  if (!one) throw new Failure('not-found', `There is no token ${name}.`, { hint: 'friday token ls' });
  const ids = found.map((each) => each.id).join(', ');
  throw new Failure('invalid', `There are ${found.length} tokens called ${name}.`, { hint: `say which id: ${ids}` });
}
