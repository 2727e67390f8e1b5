// The demo's own copy of the calculator, in a temporary folder: a place where somebody edits code.
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure } from '../../core/failure.ts';

export type Variant = 'good' | 'broken' | 'slow';

export type Users = {
  readonly requests: number;
  readonly failed: number;
  readonly dropped: number;
};

type PretendUsers = (options: {
  readonly url: string;
  readonly ratePerSecond: () => number;
  readonly signal: AbortSignal;
  readonly onResult: (result: { readonly hasFailed: boolean; readonly wasDropped: boolean }) => void;
}) => Promise<unknown>;

export type DemoFolder = {
  readonly root: string;
  readonly calculator: string;
  /** Edits the code so that it is this variant; every call is a change, also of the same variant again. */
  readonly edit: (variant: Variant) => Promise<void>;
  readonly pretendUsers: PretendUsers;
  readonly remove: () => Promise<void>;
};

/** A plan short enough to watch, one cautious step, one half, and longer than the first seconds that do not count for latency. */
const OVERRIDE = `services:
  maths:
    x-friday:
      release: { plan: [25, 50], bake: 8s, requests: 20, keep_warm: 0s }
x-friday:
  listen: "127.0.0.1:0"
`;

/** Copies the calculator out of the package: code below node_modules may not be run without a build. Failure: `not-found`. */
export async function openFolder(): Promise<DemoFolder> {
  const source = resolve(import.meta.dirname, '../../../examples/calculator');
  if (!existsSync(join(source, 'compose.yaml'))) {
    throw new Failure('not-found', `The calculator is not at ${source}; this installation is not complete.`, {
      hint: 'npm install fridaymorning again',
    });
  }
  const root = await realpath(await mkdtemp(join(tmpdir(), 'friday-demo-')));
  const calculator = join(root, 'calculator');
  const isRuntimeFile = (path: string) => !path.includes('node_modules') && !path.endsWith('.test.ts');
  await cp(source, calculator, { recursive: true, filter: (path) => isRuntimeFile(path.slice(source.length)) });
  await writeFile(join(calculator, 'compose.override.yaml'), OVERRIDE);
  const users = (await import(pathToFileURL(join(calculator, 'users.ts')).href)) as { pretendUsers: PretendUsers };
  let edits = 0;
  return {
    root,
    calculator,
    edit: async (variant) => {
      edits += 1;
      await cp(join(source, 'maths'), join(calculator, 'maths'), { recursive: true, filter: isRuntimeFile });
      await cp(join(source, 'variants', variant, 'maths'), join(calculator, 'maths'), { recursive: true });
      await appendFile(join(calculator, 'maths', 'server.ts'), `\n// Edit ${edits} of the demo.\n`);
    },
    pretendUsers: users.pretendUsers,
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}
