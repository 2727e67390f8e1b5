// The verbs that check and set up: plan, doctor, replay, demo, init, down, serve, completion.
import { Argument, Command, Option } from '@commander-js/extra-typings';
import { addGlobals } from '../globals.ts';
import { treeOf, withExamples } from '../help/tree.ts';
import { amount, duration, latencyMargins, margin, percent, planOf, port, rate, requests, share } from '../values.ts';
import { act, REASON, type Runner } from './act.ts';

export function otherVerbs(runner: Runner): Command<never[]>[] {
  const check = [plan, doctor, replay].map((verb) => verb(runner));
  const setUp = [demo, init, cert, node, down, serve, completion].map((verb) => verb(runner));
  for (const verb of check) verb.helpGroup('Check');
  for (const verb of setUp) verb.helpGroup('Set up');
  return [...check, ...setUp] as unknown as Command<never[]>[];
}

function plan(runner: Runner) {
  const command = new Command('plan')
    .description('what a release would find, and what not, at the usual traffic')
    .argument('[service]', 'a service of the compose file; its traffic of the last hour counts')
    .option('--rate <number>', 'requests per second, instead of those that were counted', rate)
    .option('--errors <percent>', 'share of the requests that fail, like 0.1%', share)
    .option('--p50 <duration>', 'half of the requests take no longer, like 80ms', duration)
    .option('--p99 <duration>', '99 of 100 requests take no longer', duration)
    .option('--clients <number>', 'sticky services: clients that come while a release lasts', amount)
    .option('--plan <plan>', 'auto, or shares like 1,10,50, instead of the plan in compose.yaml', planOf)
    .option('--bake <duration>', 'how long each share is held at least', duration)
    .option('--requests <number>', 'requests of the new version in each step', amount)
    .option('--aa', 'compare the service with itself on this machine: a real release, never promoted')
    .option('--minutes <number>', 'with --aa: how long (10)', rate)
    .option('--weight <percent>', 'with --aa: share of the second copy (50%)', percent)
    .action(act(runner, async (call, ...given) => (await import('../verbs/plan.ts')).plan(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday plan api', 'the plan of api, at its traffic of the last hour'],
    ['friday plan api --plan 10,50 --bake 10m', 'would another plan find more?'],
    ['friday plan --rate 50 --errors 0.1% --p50 80ms', 'without a running project'],
    ['friday plan --aa api --minutes 10', 'how alike are two instances of the same code here?'],
  ]);
}

function doctor(runner: Runner) {
  const command = new Command('doctor')
    .description('find what is wrong here')
    .option('--notify', 'also send a test message to everybody who is told of releases')
    .action(act(runner, async (call, options) => (await import('../verbs/doctor.ts')).doctor(call, options)));
  addGlobals(command);
  return withExamples(command, [
    ['friday doctor', 'each problem with its remedy; exit 1 when there is one'],
    ['friday doctor --notify', 'does a message arrive?'],
  ]);
}

function replay(runner: Runner) {
  const command = new Command('replay')
    .description('the verdict of a release over time, again or by other rules')
    .argument('<file>', 'a file of ticks, - for stdin, or the number of a release')
    .option('--every <duration>', 'a line at least so often, like 10s', duration)
    .option('--errors-margin <percent>', 'other rules: so many points more errors, like 0.5%', margin)
    .option('--latency <quantile=percent>', 'other rules: so much longer, like p95=15%', latencyMargins)
    .addOption(
      new Option('--pass <rule>', 'other rules: what a pass takes').choices(['requests', 'certified'] as const),
    )
    .option('--requests <count>', 'other rules: requests that a pass takes', requests)
    .option('--save <path>', 'write the ticks to a new file, too')
    .action(act(runner, async (call, ...given) => (await import('../verbs/replay.ts')).replay(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday replay 12', 'how the verdict on release 12 came about'],
    ['friday replay 12 --save api.ticks', 'keep what it was told in a file'],
    ['friday replay api.ticks --pass certified', 'what a stricter rule would have said'],
    ['friday replay api.ticks --latency p95=10%', 'and a smaller margin'],
  ]);
}

function demo(runner: Runner) {
  const command = new Command('demo')
    .description('a toy calculator, on this machine, nothing to install')
    .addOption(
      new Option('--play <story>', 'play one story and end').choices(['good', 'broken', 'slow', 'kill'] as const),
    )
    .option('--rate <number>', 'requests per second of the pretend users', rate)
    .option('--seconds <number>', 'end after so long', rate)
    .action(act(runner, async (call, ...given) => (await import('../demo/command.ts')).demo(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday demo', 'play with it: keys release versions and kill replicas'],
    ['friday demo --play broken', 'watch a broken version being taken back'],
  ]);
}

function init(runner: Runner) {
  const command = new Command('init')
    .description('write compose.yaml for this folder')
    .option('--systemd', 'print a systemd unit for this project instead')
    .option('--user <name>', 'with --systemd: run as this user, not as root')
    .action(act(runner, async (call, ...given) => (await import('../verbs/init.ts')).init(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday init', 'look at this folder and write compose.yaml'],
    ['friday init --systemd', 'a unit that keeps the control plane running'],
  ]);
}

function node(runner: Runner) {
  const command = new Command('node')
    .description('the machines of a Swarm: show them, empty one, let it in again')
    .addArgument(new Argument('<act>', 'what to do').choices(['ls', 'drain', 'activate'] as const))
    .argument('[name]', 'host name or id of the node')
    .option('--timeout <duration>', 'with drain: wait no longer than this, like 2m', duration)
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/node.ts')).node(call, ...given)));
  addGlobals(command, ['--dry-run']);
  return withExamples(command, [
    ['friday node ls', 'who is there, and how many instances each has'],
    ['friday node drain n2', 'others stand in first; no request fails'],
    ['friday node activate n2', 'instances may run there again'],
  ]);
}

function cert(runner: Runner) {
  const command = new Command('cert')
    .description('the certificates of HTTPS, and new ones for this machine')
    .addArgument(new Argument('<act>', 'what to do').choices(['ls', 'self-signed'] as const))
    .argument('[host...]', 'with self-signed: names besides localhost and 127.0.0.1')
    .option('--dir <folder>', 'with self-signed: where the two files go (certs)')
    .option('--force', 'with self-signed: write over files that are there')
    .action(act(runner, async (call, ...given) => (await import('../verbs/cert.ts')).cert(call, ...given)));
  addGlobals(command);
  return withExamples(command, [
    ['friday cert ls', 'names, source, end and next renewal; exit 1 when something is wrong'],
    ['friday cert self-signed shop.localhost', 'certs/shop.localhost.pem and .key, and how to trust it'],
  ]);
}

function down(runner: Runner) {
  const command = new Command('down')
    .description('stop everything')
    .argument('[service...]', 'only these services')
    .option('--volumes', 'delete versions, logs and history too')
    .option('--confirm <name>', 'with --volumes: the name of the project, instead of typing it')
    .option('--timeout <duration>', 'wait no longer than this, like 2m', duration)
    .option(...REASON)
    .action(act(runner, async (call, ...given) => (await import('../verbs/down.ts')).down(call, ...given)));
  addGlobals(command, ['--dry-run', '--yes']);
  return withExamples(command, [
    ['friday down', 'open requests end, then everything stops'],
    ['friday down api -y', 'one service, without a question'],
  ]);
}

function serve(runner: Runner) {
  const command = new Command('serve')
    .description('run the control plane in the foreground')
    .option('--port <port>', 'loopback port of the API (4747, else a free one)', port)
    .option('--background', 'log to a file; this is how friday up starts it')
    .action(act(runner, async (call, ...given) => (await import('../verbs/serve.ts')).serve(call, ...given)));
  addGlobals(command, ['--file']);
  return withExamples(command, [['friday serve', 'for systemd and containers; friday up starts it by itself']]);
}

function completion(runner: Runner) {
  const command = new Command('completion')
    .description('words for the Tab key: bash, zsh or fish')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish'] as const))
    .action(
      act(runner, async (call, shell, _: object) => {
        const { completion: write } = await import('../verbs/completion.ts');
        return write(call, shell, treeOf(command.parent as unknown as Parameters<typeof treeOf>[0]));
      }),
    );
  addGlobals(command);
  return withExamples(command, [
    ['source <(friday completion bash)', 'in ~/.bashrc'],
    ['friday completion zsh > ~/.zfunc/_friday', 'for zsh'],
    ['friday completion fish | source', 'in config.fish'],
  ]);
}
