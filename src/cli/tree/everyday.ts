// The verbs of every day: up, release, status, logs, rollback, promote, pause, restart, drain, history.
import { Command, Option } from '@commander-js/extra-typings';
import { addGlobals } from '../globals.ts';
import { withExamples } from '../help/tree.ts';
import { duration, lines, moment, percent, steps } from '../values.ts';
import { act, REASON, type Runner } from './act.ts';

const SERVICE = 'a service of the compose file';
const SUBJECT = 'SERVICE, or SERVICE@VERSION like api@v42';

export function everydayVerbs(runner: Runner): Command<never[]>[] {
  const verbs = [up, release, status, logs, rollback, promote, pause, restart, drain, history].map((verb) =>
    verb(runner),
  );
  for (const verb of verbs) verb.helpGroup('Everyday');
  return verbs as unknown as Command<never[]>[];
}

function up(runner: Runner) {
  const command = new Command('up')
    .description('start or update everything in compose.yaml')
    .argument('[service...]', 'only these services')
    .option('--wait', 'wait until every release is promoted or rolled back')
    .option('--build', 'make new versions even where nothing changed')
    .option('--remove-orphans', 'stop services that compose.yaml names no more')
    .option('--timeout <duration>', 'wait no longer than this, like 30m', duration)
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/up.ts')).up(call, ...given)));
  addGlobals(command, ['--dry-run', '--yes', '--file', '--profile']);
  return withExamples(command, [
    ['friday up', 'start what is new, release what changed'],
    ['friday up -n', 'only show what would change'],
    ['friday up api --wait', 'one service, and wait for the verdict'],
  ]);
}

function release(runner: Runner) {
  const command = new Command('release')
    .description('send a new version of a service out, step by step')
    .argument('<service>', SERVICE)
    .option('--steps <percents>', 'shares of the traffic instead of the plan in compose.yaml', steps)
    .option(...REASON)
    .option('--timeout <duration>', 'wait no longer than this, like 30m; the release goes on', duration)
    .option('-d, --detach', 'do not wait for the verdict')
    .addOption(new Option('--build', 'build from the folder in compose.yaml; always so').hideHelp())
    .action(act(runner, async (call, ...given) => (await import('../verbs/release.ts')).release(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday release api', 'release what is in its folder, and watch'],
    ['friday release api --steps 1,10,50', 'another plan, this once'],
    ['friday release api --detach', 'start it and come back later'],
  ]);
}

function status(runner: Runner) {
  const command = new Command('status')
    .description('what runs, what is being released, what is wrong')
    .argument('[service]', SERVICE)
    .option('-w, --watch', 'stay and show changes')
    .option('--check', 'exit with 1 when anything is not healthy')
    .action(act(runner, async (call, ...given) => (await import('../verbs/status.ts')).status(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday status', 'everything, one line per service'],
    ['friday status api -w', 'watch the release of api'],
    ['friday status --check', 'for scripts'],
  ]);
}

function logs(runner: Runner) {
  const command = new Command('logs')
    .description('search and follow logs, across versions')
    .argument('[service]', SUBJECT)
    .argument('[pattern]', 'only lines with these words')
    .option('-f, --follow', 'stay and show new lines')
    .option('--since <when>', 'from then on: 10m, 14:30, 2026-11-20T14:30', moment)
    .option('--until <when>', 'up to then', moment)
    .addOption(
      new Option('--level <level>', 'this level and worse').choices(['error', 'warn', 'info', 'debug'] as const),
    )
    .option('--instance <id>', 'one instance, like api-v42-1')
    .option('-n, --lines <count>', 'the last so many lines (100)', lines)
    .action(act(runner, async (call, ...given) => (await import('../verbs/logs.ts')).logs(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday logs -f', 'everything, as it is written'],
    ['friday logs api@v42 --level error', 'errors of one version'],
    ['friday logs api currency --since 10m', 'search the last ten minutes'],
  ]);
}

function rollback(runner: Runner) {
  const command = new Command('rollback')
    .description('put the previous version back, now')
    .argument('<service>', SERVICE)
    .argument('[version]', 'go back to this one, like v41')
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/rollback.ts')).rollback(call, ...given)));
  addGlobals(command, ['--dry-run', '--yes']);
  return withExamples(command, [
    ['friday rollback api', 'end the release, or undo the last one'],
    ['friday rollback api v39', 'go further back'],
  ]);
}

function promote(runner: Runner) {
  const command = new Command('promote')
    .description('go to the next step now; --full for 100%')
    .argument('<service>', SUBJECT)
    .addOption(new Option('--to <percent>', 'give it this share of the traffic').argParser(percent).conflicts('full'))
    .option('--full', 'give it all of the traffic')
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/promote.ts')).promote(call, ...given)));
  addGlobals(command, ['--dry-run', '--yes']);
  return withExamples(command, [
    ['friday promote api', 'the next step; also says yes, and goes on'],
    ['friday promote api --to 50', 'half of the traffic, now'],
    ['friday promote api@v41 --full', 'an old version for everybody again'],
  ]);
}

function pause(runner: Runner) {
  const command = new Command('pause')
    .description('hold a release at its current step')
    .argument('<service>', SERVICE)
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/pause.ts')).pause(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday pause api', 'hold it; a bad version is still taken back'],
    ['friday promote api', 'go on'],
  ]);
}

function restart(runner: Runner) {
  const command = new Command('restart')
    .description('restart instances one by one, without a gap')
    .argument('<service>', SERVICE)
    .option('--instance <id>', 'only this one, like api-v42-1')
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/restart.ts')).restart(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday restart api', 'all instances of the version that people use'],
    ['friday restart api --instance api-v42-1', 'only one: it ends its open requests first'],
  ]);
}

function drain(runner: Runner) {
  const command = new Command('drain')
    .description('take an instance out of traffic to look at it')
    .argument('<service>', SERVICE)
    .option('--instance <id>', 'this one, like api-v42-1; may be left out where there is one')
    .addOption(new Option('--back', 'into traffic again; what stood in leaves').conflicts('stop'))
    .option('--stop', 'stop it now, not after an hour')
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/drain.ts')).drain(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday drain api --instance api-v42-1', 'another one stands in; it runs on'],
    ['friday drain api --back', 'put it back'],
    ['friday drain api --stop', 'it was looked at'],
  ]);
}

function history(runner: Runner) {
  const command = new Command('history')
    .description('versions and events: who, what, when, why')
    .argument('[service]', `${SERVICE}, or the number of a release`)
    .option('-n, --lines <count>', 'the last so many events (20)', lines)
    .action(act(runner, async (call, ...given) => (await import('../verbs/history.ts')).history(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday history', 'what happened lately'],
    ['friday history api', 'its versions and events'],
    ['friday history 42', 'one release: evidence, weights, what failed'],
  ]);
}
