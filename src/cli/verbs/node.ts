// friday node: the machines of a Swarm, shown, emptied before work on them, and let in again.
import type { Client } from '../../api/client.ts';
import type { NodeView } from '../../api/node-views.ts';
import type { ExitCode } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import { whileBusy } from '../busy.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { type Column, table } from '../output/columns.ts';
import { bytes } from '../output/numbers.ts';
import { paintOf } from '../output/paint.ts';
import { plural } from '../output/text.ts';

export type NodeOptions = {
  readonly reason?: string | undefined;
  readonly timeout?: number | undefined;
};

const POLL_MS = 500;
const TIMEOUT_MS = 10 * 60_000;

export async function node(
  call: Call,
  act: 'ls' | 'drain' | 'activate',
  name: string | undefined,
  options: NodeOptions,
): Promise<ExitCode> {
  if (act === 'ls') return list(call, await call.connect());
  if (name === undefined) throw new Failure('invalid', 'This needs a node.', { hint: `friday node ${act} n2` });
  const client = await connectForOrder(call);
  const body = { reason: options.reason ?? '' };
  if (call.flags.dryRun) return wouldDo(call, client, act, name);
  if (act === 'drain') return drain(call, client, name, body, options.timeout ?? TIMEOUT_MS);
  const view = await client.activateNode(name, body);
  call.terminal.answer(`  ${paintOf(call.terminal.hasColour).good('✓')} ${view.name} takes instances again`);
  call.terminal.json(view);
  return 0;
}

async function list({ terminal }: Call, client: Client): Promise<ExitCode> {
  const nodes = await client.nodes();
  const paint = paintOf(terminal.hasColour);
  const left = (title: string, leave?: number): Column => ({ title, align: 'left', ...(leave && { leave }) });
  const right = (title: string, leave: number): Column => ({ title, align: 'right', leave });
  const columns = [
    left('NODE'),
    left('STATE'),
    left('ROLE', 1),
    right('INSTANCES', 0),
    left('ADDRESS', 2),
    right('CORES', 4),
    right('MEMORY', 5),
    left('ENGINE', 3),
  ];
  const rows = nodes.map((one) => [
    { text: one.name },
    {
      text: stateOf(one),
      paint: one.state === 'lost' ? paint.bad : one.availability === 'active' ? paint.good : paint.warn,
    },
    { text: one.role },
    { text: String(one.instances.length) },
    { text: one.address },
    { text: String(one.cores) },
    { text: bytes(one.memory) },
    { text: one.engine },
  ]);
  terminal.answer(table(columns, rows, terminal.width));
  terminal.json({ nodes });
  return 0;
}

function stateOf({ state, availability }: NodeView): string {
  if (state === 'lost') return availability === 'active' ? 'lost' : `lost, ${availability}`;
  return availability === 'active' ? 'ready' : availability;
}

async function wouldDo({ terminal }: Call, client: Client, act: string, name: string): Promise<ExitCode> {
  const view = (await client.nodes()).find((one) => one.name === name || one.id === name);
  if (view === undefined) throw new Failure('not-found', `There is no node ${name}.`, { hint: 'friday node ls' });
  const what =
    act === 'drain'
      ? `empty ${view.name} of ${plural(view.instances.length, 'instance')}`
      : `let instances run on ${view.name}`;
  terminal.answer(`  would ${what}; nothing was changed`);
  terminal.json({ isDryRun: true, act, node: view });
  return 0;
}

async function drain(
  call: Call,
  client: Client,
  name: string,
  body: { reason: string },
  timeoutMs: number,
): Promise<ExitCode> {
  const { terminal } = call;
  const begun = await client.drainNode(name, body);
  const isEmpty = await whileBusy(
    call,
    `${begun.name} is being emptied`,
    untilDrained(call, client, begun.id, timeoutMs),
  );
  if (!isEmpty) {
    terminal.say(`${begun.name} is not empty yet; it goes on. See: friday node ls`);
    terminal.json(begun);
    return 3;
  }
  terminal.answer(`  ${paintOf(terminal.hasColour).good('✓')} ${begun.name} is empty: it can be stopped`);
  terminal.say(`  Afterwards: friday node activate ${begun.name}`);
  terminal.json({ ...begun, availability: 'drained', instances: [] });
  return 0;
}

async function untilDrained(call: Call, client: Client, id: string, timeoutMs: number): Promise<boolean> {
  const { clock } = call;
  const interrupt = call.interrupt();
  const end = clock.now() + timeoutMs;
  for (;;) {
    const now = (await client.nodes()).find((one) => one.id === id);
    if (now?.availability === 'drained' && now.instances.length === 0) return true;
    if (clock.now() > end || interrupt.aborted) return false;
    await clock.sleep(POLL_MS, interrupt);
  }
}
