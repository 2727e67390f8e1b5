// friday up: what the compose file says against what runs; then waits until every new thing is healthy.

import { basename } from 'node:path';
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ChangeView, UpView } from '../../api/views.ts';
import type { Project } from '../../core/spec/project.ts';
import { cancelled, confirm } from '../ask.ts';
import { whileBusy } from '../busy.ts';
import type { Call } from '../call.ts';
import { hasWorkedHere, isServed, startOwnDaemon } from '../daemon.ts';
import { openProject, requireService } from '../open.ts';
import { listed, plural } from '../output/text.ts';
import { isIdle, planScreen } from '../screens/plan.ts';
import { awaitChanges } from '../watch/changes.ts';

export type UpOptions = {
  readonly wait?: true | undefined;
  readonly build?: true | undefined;
  readonly removeOrphans?: true | undefined;
  readonly timeout?: number | undefined;
  readonly reason?: string | undefined;
};

const TIMEOUT_MS = 30 * 60_000;

export async function up(call: Call, services: readonly string[], options: UpOptions): Promise<ExitCode> {
  const { terminal } = call;
  const project = openProject(call);
  const names = project.services.map((one) => one.name);
  for (const name of services) requireService(name, names, `in ${project.file}`);
  let client = await call.connect();
  if (!(await isServed(call, client))) {
    if (call.flags.dryRun && !hasWorkedHere(call)) return showPlan(call, project, freshPlan(project, services));
    await startOwnDaemon(call);
    client = await call.connect();
  }
  const order = {
    project,
    services: [...services],
    removesOrphans: options.removeOrphans === true,
    isForced: options.build === true,
    reason: options.reason ?? '',
  };
  const plan = await whileBusy(call, 'comparing', client.up({ ...order, isDryRun: true }));
  if (call.flags.dryRun) return showPlan(call, project, plan);
  terminal.answer(planScreen(plan, basename(project.file), screen(call)));
  terminal.json({ type: 'plan', at: call.clock.now(), changes: plan.changes });
  const removed = plan.changes.filter((change) => change.action === 'remove').map((change) => change.service);
  if (removed.length > 0 && !(await confirm(call, removalQuestion(removed)))) return cancelled(call);
  const done = await whileBusy(call, preparing(plan.changes), client.up({ ...order, isDryRun: false }));
  const exit = await awaitChanges(call, client, project, done, {
    waits: options.wait === true,
    timeoutMs: options.timeout ?? TIMEOUT_MS,
  });
  await tellPage(call, client);
  return exit;
}

/** Only to a person at a terminal: a link that signs in is nothing for a log. */
async function tellPage({ terminal, flags }: Call, { access }: Pick<Client, 'access'>): Promise<void> {
  if (!terminal.mayAsk || flags.host !== null) return;
  const link = await access.createLink(null).catch(() => null);
  if (link) terminal.say([`  The page, for 10 minutes and once: ${link.url}`, '  another link: friday open', '']);
}

function screen({ terminal }: Call): { width: number; color: boolean } {
  return { width: terminal.width, color: terminal.hasColour };
}

function showPlan(call: Call, project: Project, plan: UpView): ExitCode {
  call.terminal.answer(planScreen(plan, basename(project.file), screen(call)));
  call.terminal.json(plan);
  return 0;
}

/** Where no control plane has ever worked, everything is new. */
function freshPlan(project: Project, services: readonly string[]): UpView {
  const wanted = project.services.filter((one) => services.length === 0 || services.includes(one.name));
  const changes = wanted.map(
    (one): ChangeView => ({
      service: one.name,
      action: 'add',
      text: `new, ${plural(one.replicas, 'replica')}`,
      version: null,
      release: null,
    }),
  );
  return { isDryRun: true, changes, listen: null };
}

function removalQuestion(names: readonly string[]): string {
  return `Stop ${listed(names)}, which compose.yaml names no more?`;
}

function preparing(changes: readonly ChangeView[]): string {
  if (isIdle(changes)) return 'checking';
  const names = changes
    .filter((change) => change.action === 'add' || change.action === 'change')
    .map((one) => one.service);
  return names.length === 0
    ? 'changing'
    : `preparing ${names.length > 3 ? plural(names.length, 'service') : listed(names)}`;
}
