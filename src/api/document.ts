// The OpenAPI 3.1 document of the API, made from its routes; `npm run openapi` writes it to docs/reference.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OpenAPIHono } from '@hono/zod-openapi';
import * as accessRoutes from './access-routes.ts';
import * as nodeRoutes from './node-routes.ts';
import * as noticeRoutes from './notice-routes.ts';
import * as routes from './routes.ts';

export type ApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** Where the document stands in the repository. */
export const DOCUMENT_FILE = fileURLToPath(new URL('../../docs/reference/openapi.json', import.meta.url));

const TAGS = [
  { name: 'Questions', description: 'They change nothing.' },
  {
    name: 'Orders',
    description: 'They answer when they are remembered, not when they are done; the events tell the rest.',
  },
  {
    name: 'Access',
    description: 'Who may come in, and what they did. docs/reference/access.md has the table of roles.',
  },
  { name: 'Notifications', description: 'Who is told of releases, and how it went. docs/how-to/notify.md.' },
  { name: 'Health', description: 'For monitors; they need no token.' },
];

/** Complete: every route with its schemas, examples and problems. */
export function documentOf(version: string): ApiDocument {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description:
      'Over TCP: a token of `friday token create`, or the content of the file `token` in the state folder. Over the unix socket nothing is needed.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'friday-PROJECT',
    description:
      'A browser that signed in; `__Host-friday-PROJECT` over https. What changes something needs the header `x-friday-csrf`, too.',
  });
  for (const route of allRoutes()) app.openAPIRegistry.registerPath(route);
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'fridaymorning',
      version,
      description:
        'The control plane of one project. Every answer that is not a success is a problem after RFC 9457 with one of six codes.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: 'http://127.0.0.1:4747', description: 'This machine; the unix socket serves the same' }],
    tags: TAGS,
  });
}

/** By path. */
export function allRoutes() {
  const keyOf = (route: { path: string; method: string }) => `${route.path} ${route.method}`;
  return [
    ...Object.values(routes),
    ...Object.values(accessRoutes),
    ...Object.values(nodeRoutes),
    ...Object.values(noticeRoutes),
  ].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

/** The text of the file. */
export function documentText(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return `${JSON.stringify(documentOf((JSON.parse(text) as { version: string }).version), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT_FILE, documentText());
