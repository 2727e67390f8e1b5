// The verbs about people: open, user, token, audit, notifications.
import { Argument, Command, Option } from '@commander-js/extra-typings';
import { ROLES } from '../../core/access.ts';
import { addGlobals } from '../globals.ts';
import { withExamples } from '../help/tree.ts';
import { amount, lines } from '../values.ts';
import { act, type Runner } from './act.ts';

export function accessVerbs(runner: Runner): Command<never[]>[] {
  const verbs = [open, user, token, audit, notifications].map((verb) => verb(runner));
  for (const verb of verbs) verb.helpGroup('People');
  return verbs as unknown as Command<never[]>[];
}

function open(runner: Runner) {
  const command = new Command('open')
    .description('a link that opens the page signed in, once, within 10 minutes')
    .option('--for <name>', 'for this person, instead of yourself as admin')
    .action(act(runner, async (call, ...given) => (await import('../verbs/open.ts')).open(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday open', 'the page, as admin of this machine'],
    ['friday open --for ana', 'a link to send to ana, with the role of ana'],
  ]);
}

const role = (what: string) => new Option('--role <role>', what).choices(ROLES);

function user(runner: Runner) {
  const command = new Command('user')
    .description('people and their roles')
    .addArgument(new Argument('<act>', 'what to do').choices(['ls', 'add', 'role', 'password', 'remove'] as const))
    .argument('[name]', 'of the person')
    .addOption(role('with add and role: what the person may'))
    .option('--password', 'with add: ask for a password, or read it from stdin')
    .option('--none', 'with password: take it away; links go on working')
    .action(act(runner, async (call, ...given) => (await import('../verbs/user.ts')).user(call, ...given)));
  addGlobals(command, ['--yes']);
  return withExamples(command, [
    ['friday user ls', 'who may come in, and as what'],
    ['friday user add ana --role approver', 'ana comes in with: friday open --for ana'],
    ['friday user role ana --role releaser', 'another role, at once'],
    ['friday user password ana', 'asks for it; from a pipe it is the first line'],
    ['friday user remove ana', 'and all sessions of ana'],
  ]);
}

function token(runner: Runner) {
  const command = new Command('token')
    .description('tokens for programs')
    .addArgument(new Argument('<act>', 'what to do').choices(['ls', 'create', 'revoke'] as const))
    .argument('[name]', 'create: a name for it; revoke: its name or id')
    .addOption(role('with create: what it may (releaser)'))
    .option('--days <number>', 'with create: how long it is good (90)', amount)
    .option('--forever', 'with create: until it is revoked')
    .action(act(runner, async (call, ...given) => (await import('../verbs/token.ts')).token(call, ...given)));
  addGlobals(command, ['--yes']);
  return withExamples(command, [
    ['friday token create ci --role releaser', 'prints it, this once; give it as FRIDAY_TOKEN'],
    ['friday token ls', 'which there are, and when each was last used'],
    ['friday token revoke ci', 'worth nothing at once'],
  ]);
}

function audit(runner: Runner) {
  const command = new Command('audit')
    .description('who changed what, or tried to')
    .option('-n, --lines <count>', 'so many of the newest (50)', lines)
    .action(act(runner, async (call, ...given) => (await import('../verbs/audit.ts')).audit(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday audit', 'the newest first'],
    ['friday audit --json', 'for other programs'],
  ]);
}

function notifications(runner: Runner) {
  const command = new Command('notifications')
    .description('who is told of releases, and how it went')
    .option('-n, --lines <count>', 'so many of the newest messages (20)', lines)
    .action(
      act(runner, async (call, ...given) => (await import('../verbs/notifications.ts')).notifications(call, ...given)),
    );
  addGlobals(command);
  return withExamples(command, [
    ['friday notifications', 'the targets of x-friday.notify, and the last messages'],
    ['friday doctor --notify', 'sends a test message to each'],
  ]);
}
