// Builds the page once before the browser tests, so that they try what is in the sources.
import { build } from 'vite';

export async function setup(): Promise<void> {
  // As it is published: the tests themselves run as "test", which would leave help for developers in it.
  process.env.NODE_ENV = 'production';
  await build({ configFile: new URL('../../web/vite.config.ts', import.meta.url).pathname, logLevel: 'error' });
  process.env.NODE_ENV = 'test';
}
