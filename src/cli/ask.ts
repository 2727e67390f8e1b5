// Questions before acts that cannot be taken back lightly.
import { Failure } from '../core/failure.ts';
import type { Call } from './call.ts';

/** True when the person agrees, or has with -y. Failure: `invalid` when nobody can be asked. */
export async function confirm(call: Call, question: string): Promise<boolean> {
  if (call.flags.yes) return true;
  if (!call.terminal.mayAsk) {
    throw new Failure('invalid', `This needs a yes: ${question}`, { hint: 'say it with -y' });
  }
  const answer = await call.terminal.ask(`${question} (y/N) `);
  return /^y(es)?$/i.test(answer);
}

/** True when the person types the name, or has given it with --confirm; -y is not enough. Failure: `invalid`. */
export async function confirmByName(
  call: Call,
  question: string,
  name: string,
  given: string | null,
): Promise<boolean> {
  if (given !== null) {
    if (given === name) return true;
    throw new Failure('invalid', `--confirm=${given} is not the name of this project.`, {
      hint: `say --confirm=${name}`,
    });
  }
  if (!call.terminal.mayAsk) {
    throw new Failure('invalid', `This needs the name of the project: ${question}`, {
      hint: `say it with --confirm=${name}`,
    });
  }
  return (await call.terminal.ask(`${question} Type ${name} to go on: `)) === name;
}

/** What a declined question comes to. */
export function cancelled(call: Call): 1 {
  call.terminal.say('Cancelled. Nothing changed.');
  call.terminal.json({ error: { code: 'cancelled', message: 'Cancelled. Nothing changed.' } });
  return 1;
}
