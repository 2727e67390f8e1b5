// Copies the calculator to another folder in one of its variants, as if somebody had edited it there.
import { cp, mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** `base` is the calculator as it is; each other one is a folder here with the files that differ. */
export const VARIANTS = ['base', 'good', 'broken', 'buggy', 'slow'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What runs; everything else here is about it. */
const PARTS = ['compose.yaml', 'compose.redis.yaml', 'awesome-app', 'greetings', 'maths'];

/**
 * Makes `targetFolder` (created when missing) the calculator in the given variant. May be called again with another
 * variant: a variant only replaces files of the base, so the one before leaves nothing behind. Files that are only in the
 * target stay.
 */
export async function applyVariant(calculatorFolder: string, targetFolder: string, variant: Variant): Promise<void> {
  await mkdir(targetFolder, { recursive: true });
  const filter = (path: string) => basename(path) !== 'node_modules' && !path.endsWith('.test.ts');
  for (const part of PARTS) {
    await cp(join(calculatorFolder, part), join(targetFolder, part), { recursive: true, filter });
  }
  if (variant === 'base') return;
  await cp(join(calculatorFolder, 'variants', variant), targetFolder, {
    recursive: true,
    filter: (path) => basename(path) !== 'README.md',
  });
}

async function main([name, target, ...more]: readonly string[]): Promise<number> {
  const variant = VARIANTS.find((each) => each === name);
  const here = dirname(import.meta.dirname);
  if (variant === undefined || target === undefined || more.length > 0) {
    console.error(`Usage: node variants/apply.ts ${VARIANTS.join('|')} FOLDER`);
    return 2;
  }
  const folder = resolve(target);
  if (folder === here || folder.startsWith(`${here}/`)) {
    console.error(
      `${folder} is inside the original calculator. Choose a folder elsewhere, for example ~/my-calculator.`,
    );
    return 2;
  }
  await applyVariant(here, folder, variant);
  console.log(`${folder} is now the ${variant} calculator.`);
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
