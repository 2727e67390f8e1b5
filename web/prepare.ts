// Builds the page after `npm ci` in a checkout; without the development dependencies it says so and leaves it.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function canBuild(): boolean {
  try {
    require.resolve('vite');
    require.resolve('preact');
    return true;
  } catch {
    return false;
  }
}

if (canBuild()) {
  const { build } = await import('vite');
  await build({ configFile: new URL('./vite.config.ts', import.meta.url).pathname, logLevel: 'warn' });
} else {
  process.stderr.write('The page is not built: development dependencies are missing. The command line needs none.\n');
}
