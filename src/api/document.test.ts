// The OpenAPI document: complete, true to the schemas, and the same as the checked-in copy.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../server/fixture.ts';
import { allRoutes, DOCUMENT_FILE, documentText } from './document.ts';
import * as everyExample from './examples.ts';
import * as orders from './orders.ts';
import * as views from './views.ts';

const document = JSON.parse(documentText()) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};

type Operation = {
  operationId: string;
  summary: string;
  responses: Record<string, { content?: Record<string, { schema: unknown; example?: unknown }> }>;
  requestBody?: { content: Record<string, { example?: unknown }> };
};

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
);

describe('the OpenAPI document', () => {
  it('is the one in docs/reference/openapi.json (npm run openapi writes it)', () => {
    expect(readFileSync(DOCUMENT_FILE, 'utf8')).toBe(documentText());
  });

  it('has every route that the server serves', () => {
    const served = createWorld()
      .app()
      .routes.filter((route) => route.method !== 'ALL')
      .map((route) => `${route.method.toLowerCase()} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const listed = operations.map(({ method, path }) => `${method} ${path}`);
    expect(listed.sort()).toEqual([...new Set(served)].sort());
    expect(listed).toHaveLength(allRoutes().length);
  });

  it.each(operations)('$method $path has a summary, an example and problems', (operation) => {
    expect(operation.summary).not.toBe('');
    const [success, ...rest] = Object.entries(operation.responses).sort();
    const contents = Object.entries(success?.[1].content ?? {}).filter(([type]) => type !== 'text/event-stream');
    for (const [, content] of contents) expect(content.example).toBeDefined();
    expect(rest.length).toBeGreaterThan(0);
    for (const [, answer] of rest) expect(answer.content?.['application/problem+json']).toBeDefined();
    for (const content of Object.values(operation.requestBody?.content ?? {})) expect(content.example).toBeDefined();
  });

  it('refers only to schemas that it has', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(names));
    expect(document.openapi).toBe('3.1.0');
  });

  it('gives each operation a name of its own', () => {
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
  });
});

const examples: Record<string, unknown> = { ...everyExample };

describe('an example', () => {
  it.each([
    ['status', views.StatusView],
    ['service', views.ServiceView],
    ['release', views.ReleaseView],
    ['event', views.EventView],
    ['logLine', views.LogLineView],
    ['version', views.VersionView],
    ['upped', views.UpView],
    ['downed', views.DownView],
    ['upOrder', orders.UpBody],
    ['releaseOrder', orders.ReleaseBody],
    ['rollBackOrder', orders.RollBackBody],
    ['promoteOrder', orders.PromoteBody],
    ['pauseOrder', orders.PauseBody],
    ['restartOrder', orders.RestartBody],
    ['drainOrder', orders.DrainBody],
    ['downOrder', orders.DownBody],
  ] as const)('%s is what its schema says', (name, schema) => {
    expect(schema.safeParse(examples[name]).error).toBeUndefined();
  });
});
