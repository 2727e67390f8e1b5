// The Compose keys that are honoured, as zod schemas: they check the file and make the editor schema.
import { z } from 'zod';
import { buildShape, containerShape, deployShape, healthShape } from './container-shapes.ts';
import { BUILD_KEYS, DEPLOY_KEYS, HEALTHCHECK_KEYS, type Treatment } from './keys.ts';
import { nearest } from './nearest.ts';
import { anyText, duration, flag, keyed, keyword, oneOf, refusal, textLike, textOrNumber, whole } from './scalars.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'expected a text, a number, true, false or nothing',
});
const pair = textLike('NAME=value or NAME', '^[^=]+(=|$)', (text) => (/^[^=\s]+(=|$)/.test(text) ? text : null));

/** A mapping of values, or a list of `NAME=value`. */
const variables = z.union([z.record(z.string(), value), z.array(pair)], {
  error: 'expected a mapping or a list of NAME=value',
});

/** A command as one line or as its words. */
export const Command = z.union([z.string(), z.array(z.string({ error: 'expected a text' }))], {
  error: 'expected a command line, or a list of its words',
});

const condition = oneOf(['service_started', 'service_healthy', 'service_completed_successfully']);

/** `shape` and every other key of the table, whose value is not looked at. Keys that start with `x-` are anybody's. */
export function tabled<S extends z.ZodRawShape>(shape: S, table: Readonly<Record<string, Treatment>>) {
  const others = Object.entries(table).filter(([key]) => !(key in shape));
  const unknown = others.map(([key, treatment]) => [key, z.unknown().optional().describe(wordsFor(treatment))]);
  const full = { ...shape, ...Object.fromEntries(unknown) } as S;
  return z.preprocess(withoutExtensions, keyed(full).meta({ patternProperties: { '^x-': {} } }));
}

function wordsFor(treatment: Treatment): string {
  if (typeof treatment === 'object') return `Ignored by the process runtime: ${treatment.instead}.`;
  return 'Not used by the process runtime.';
}

function withoutExtensions(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([key]) => !key.startsWith('x-')));
}

const buildWith = (more: z.ZodRawShape) =>
  z.union(
    [
      z.string(),
      tabled(
        { ...more, context: anyText().optional().describe('The folder, seen from the folder of the file.') },
        BUILD_KEYS,
      ),
    ],
    {
      error: 'expected a folder, or a mapping with context',
    },
  );

/** Docker's forms: a line for a shell, or a list that says in its first word how the rest runs. */
const Test = Command.refine(
  (test) => {
    if (typeof test === 'string' || test.length === 0) return true;
    const [kind, ...words] = test;
    return kind === 'NONE' || (kind === 'CMD' && words.length > 0) || (kind === 'CMD-SHELL' && words.length === 1);
  },
  {
    error:
      'expected a list that starts with CMD, CMD-SHELL or NONE\nwrite ["CMD", "program", "argument"] or ["CMD-SHELL", "line for a shell"]',
  },
);

const healthKeys = {
  test: Test.optional().describe(
    'The command that says whether an instance is ready: a line for a shell, or a list that starts with CMD, CMD-SHELL or NONE.',
  ),
  interval: duration().optional().describe('Time between two looks. Default 5s.'),
  timeout: duration().optional().describe('A look that takes longer has failed. Default 30s.'),
  retries: whole(0, 1000)
    .optional()
    .describe('So many failed looks in a row make a ready instance unready. Default 3.'),
  start_period: duration().optional().describe('Failed looks in this time after the start do not count. Default 0s.'),
  disable: flag().optional().describe('Take out a healthcheck of an earlier file.'),
};

const deployKeys = { replicas: whole(0, 1000).optional().describe('How many instances run. Default 1.') };

const EnvFile = z.union(
  [
    z.string(),
    z.array(
      z.union(
        [
          z.string(),
          keyed({
            path: anyText().describe('The file, seen from the folder of the Compose file.'),
            required: flag().optional().describe('Whether it is an error when the file is missing. Default true.'),
            format: oneOf(['raw']).optional().describe('raw takes every value as it is written.'),
          }),
        ],
        { error: 'expected a file, or a mapping with path' },
      ),
    ),
  ],
  { error: 'expected a file, or a list of files' },
);

const DependsOn = z.union(
  [
    z.array(z.string({ error: 'expected the name of a service' })),
    z.record(
      z.string(),
      keyed({
        condition: condition.optional().describe('What is waited for. Default service_started.'),
        required: flag().optional().describe('Whether it is an error when that service is not there. Default true.'),
        restart: flag().optional().describe('Not used by the process runtime.'),
      }),
    ),
  ],
  { error: 'expected a list of services, or a mapping from service to condition' },
);

const SIGNALS = ['HUP', 'INT', 'QUIT', 'ABRT', 'KILL', 'USR1', 'USR2', 'TERM', 'WINCH'];
const SIGNAL_NUMBERS: Readonly<Record<string, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  6: 'ABRT',
  9: 'KILL',
  10: 'USR1',
  12: 'USR2',
  15: 'TERM',
  28: 'WINCH',
};

/** `SIGTERM`, `TERM` or `15` as `SIGTERM`. */
const Signal = textOrNumber('a signal, like SIGTERM', '^(SIG)?[A-Z0-9]+$', (text) => {
  const name = SIGNAL_NUMBERS[text] ?? text.replace(/^SIG/, '');
  if (SIGNALS.includes(name)) return `SIG${name}`;
  const near = nearest(name, SIGNALS);
  return near === null ? null : refusal(`did you mean "SIG${near}"?`);
});

const RESTARTS = ['no', 'always', 'on-failure', 'unless-stopped'];
const Restart = keyword(
  'no, always, on-failure or unless-stopped',
  RESTARTS,
  /^(no|always|on-failure(:\d+)?|unless-stopped)$/,
);

const Extends = z.union(
  [
    z.string(),
    keyed({
      service: anyText().describe('The service to take over.'),
      file: anyText().optional().describe('The file that it is in. Default this file.'),
    }),
  ],
  {
    error: 'expected a service, or a mapping with service and file',
  },
);

const files = z.union([z.string(), z.array(z.string({ error: 'expected a file' }))], {
  error: 'expected a file, or a list of files',
});

const Include = z.array(
  z.union(
    [
      z.string(),
      keyed({
        path: files.describe('The file; of several, later ones are laid over earlier ones.'),
        project_directory: anyText().optional().describe('The folder that its paths are seen from. Default its own.'),
        env_file: files.optional().describe('Variables for it. Default .env in that folder.'),
      }),
    ],
    { error: 'expected a file, or a mapping with path' },
  ),
  { error: 'expected a list of files' },
);

/** Honoured keys of a service. */
export const serviceShape = {
  build: buildWith({}).optional().describe('The folder that holds the code; a release runs an immutable copy of it.'),
  image: anyText()
    .optional()
    .describe('Image for the container runtimes; the process runtime needs a command as well.'),
  command: Command.optional().describe(
    'What runs, without a shell. Follows entrypoint when both are given. $$PORT is replaced when it starts.',
  ),
  entrypoint: Command.optional().describe('The first words of what runs.'),
  environment: variables.optional().describe('Variables of the process. One without value is taken from the shell.'),
  env_file: EnvFile.optional().describe('Files with NAME=value lines; environment wins over them.'),
  working_dir: anyText().optional().describe('Folder in which it runs, inside the build folder.'),
  depends_on: DependsOn.optional().describe(
    'Services that start, are healthy or have completed before this one starts.',
  ),
  healthcheck: tabled(healthKeys, HEALTHCHECK_KEYS)
    .optional()
    .describe('How an instance says that it is ready. x-friday.ready wins over it.'),
  deploy: tabled(deployKeys, DEPLOY_KEYS).optional().describe('How many instances run.'),
  scale: whole(0, 1000).optional().describe('Older spelling of deploy.replicas.'),
  stop_signal: Signal.optional().describe('Asks the process to stop. Default SIGTERM.'),
  stop_grace_period: duration().optional().describe('Time between that and SIGKILL. Default 10s.'),
  profiles: z
    .array(z.string({ error: 'expected the name of a profile' }), { error: 'expected a list of profiles' })
    .optional()
    .describe('The service takes part only when one of these profiles is on.'),
  restart: Restart.optional().describe(
    'What happens when the process ends by itself. Default always; no, when another service waits for its completion.',
  ),
  extends: Extends.optional().describe('Take over another service, then change it.'),
};

/** Keys of a service as an editor shows them, also those that only containers honour: what a file says is checked in two steps. */
export const editorShape = {
  ...forContainers(containerShape),
  ...serviceShape,
  build: buildWith(forContainers(buildShape)).optional().describe('The folder that holds the code.'),
  healthcheck: tabled({ ...forContainers(healthShape), ...healthKeys }, HEALTHCHECK_KEYS)
    .optional()
    .describe('How an instance says that it is ready. x-friday.ready wins over it.'),
  deploy: tabled({ ...forContainers(deployShape), ...deployKeys }, DEPLOY_KEYS)
    .optional()
    .describe('How many instances run, and within which bounds.'),
};

function forContainers<S extends Record<string, z.ZodType>>(shape: S): S {
  const described = Object.entries(shape).map(([key, schema]) => {
    const { description } = schema;
    return [key, schema.describe(`With docker and swarm${description === undefined ? '.' : `: ${description}`}`)];
  });
  return Object.fromEntries(described);
}

/** Honoured keys at the top, without services. */
export const topShape = {
  name: textLike(
    'a project name of a-z, 0-9, - and _ that starts with a letter or digit',
    '^[a-z0-9][a-z0-9_-]*$',
    (text) => (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text) ? text : null),
  )
    .optional()
    .describe('Name of the project. Default: the name of the folder.'),
  include: Include.optional().describe('Other Compose files that belong to this project.'),
};
