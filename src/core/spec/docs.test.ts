// docs/reference/compose.md names every key, and its examples are read without an error.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serviceShape, topShape } from './compose.ts';
import { serviceFridayShape, topFridayShape } from './friday.ts';
import { DEPLOY_KEYS, HEALTHCHECK_KEYS, SERVICE_KEYS, TOP_KEYS } from './keys.ts';
import { readProject } from './read.ts';

const text = readFileSync(new URL('../../../docs/reference/compose.md', import.meta.url), 'utf8');
const nested =
  'plan bake budget at_end pass slo approve requests ready_timeout keep_warm hold_back errors latency install min max target for cert key certificates self_signed acme email hosts directory ca redirect hsts min_version'.split(
    ' ',
  );

describe('docs/reference/compose.md', () => {
  it.each([
    ['x-friday on a service', Object.keys(serviceFridayShape), ''],
    ['x-friday at the top', Object.keys(topFridayShape), ''],
    ['what is nested in x-friday', nested, ''],
    ['the honoured keys', [...Object.keys(serviceShape), ...Object.keys(topShape)], ''],
    ['every key of Compose', [...Object.keys(SERVICE_KEYS), ...Object.keys(TOP_KEYS)], ''],
    ['deploy', Object.keys(DEPLOY_KEYS), 'deploy.'],
    ['healthcheck', Object.keys(HEALTHCHECK_KEYS), ''],
  ])('names %s', (_, keys, prefix) => {
    const words = new Set(
      [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => [code, ...code.split(/[^\w.-]+/)]),
    );
    const missing = keys.filter(
      (key) => key !== 'deploy' && !words.has(prefix + key) && !words.has(`healthcheck.${key}`),
    );
    expect(missing).toEqual([]);
  });

  it('has examples that say what they should', () => {
    const examples = [...text.matchAll(/```yaml\n([^`]+)```/g)]
      .map(([, example = '']) => example)
      .filter((example) => /^[^#\n]/m.test(example));
    expect(examples.length).toBeGreaterThanOrEqual(4);
    for (const example of examples) {
      const whole = /^services:/m.test(example) || example.startsWith('x-') ? example : `services:\n${example}`;
      const files = new Map([
        ['/p/base.yaml', 'services: { web: { command: run, x-friday: { port: 1 } } }'],
        ['/p/x.yaml', whole],
      ]);
      const read = (path: string) => files.get(path) ?? null;
      const { problems } = readProject({ files: [...files.keys()], read, environment: {}, profiles: [] });
      expect(problems, example).toEqual([]);
    }
  });
});
