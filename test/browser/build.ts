// Builds the page once before the browser tests, so that they try what is in the sources.
import { build } from 'vite';

export async function setup(): Promise<void> {
  await build({ configFile: new URL('../../web/vite.config.ts', import.meta.url).pathname, logLevel: 'error' });
}
