// Files laid over each other: which parts merge, append, replace and go.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeTrees, withoutResets } from './merge.ts';
import type { Problem } from './problem.ts';
import { plainOf, sourceOf, type Tree } from './tree.ts';
import { readYaml } from './yaml.ts';

function treeOf(text: string): Tree {
  const { tree, problems } = readYaml(sourceOf('/c.yaml', text));
  if (tree === null || problems.length > 0) throw new Error(`no tree: ${JSON.stringify(problems)}`);
  return tree;
}

function merged(...texts: string[]): unknown {
  const problems: Problem[] = [];
  const tree = texts.map(treeOf).reduce((base, over) => mergeTrees(base, over, problems));
  expect(problems).toEqual([]);
  return plainOf(withoutResets(tree));
}

/** Values whose key says which kind they are, so that the same key has the same kind in every file. */
const Fields: fc.Arbitrary<Record<string, unknown>> = fc.letrec((tie) => ({
  fields: fc
    .record(
      {
        s1: fc.integer(),
        s2: fc.string(),
        l1: fc.array(fc.integer(), { maxLength: 3 }),
        m1: tie('fields'),
        m2: tie('fields'),
      },
      { requiredKeys: [] },
    )
    .map((record) => ({ ...record })),
})).fields as fc.Arbitrary<Record<string, unknown>>;

describe('mergeTrees', () => {
  it('is associative where the same key has the same kind of value', () => {
    fc.assert(
      fc.property(Fields, Fields, Fields, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((value) => treeOf(JSON.stringify({ services: value })));
        const problems: Problem[] = [];
        const left = mergeTrees(mergeTrees(x!, y!, problems), z!, problems);
        const right = mergeTrees(x!, mergeTrees(y!, z!, problems), problems);
        expect(plainOf(left)).toEqual(plainOf(right));
        expect(problems).toEqual([]);
      }),
    );
  });

  it('changes nothing when an empty mapping is laid over or under', () => {
    fc.assert(
      fc.property(Fields, (value) => {
        const tree = treeOf(JSON.stringify(value));
        expect(plainOf(mergeTrees(tree, treeOf('{}'), []))).toEqual(value);
        expect(plainOf(mergeTrees(treeOf('{}'), tree, []))).toEqual(value);
      }),
    );
  });

  it('appends lists, but replaces commands and every list below x-friday', () => {
    const base = 'services: {a: {command: [x], ports: [1], healthcheck: {test: [x]}, x-friday: {route: [a, b]}}}';
    const over = 'services: {a: {command: [y], ports: [2], healthcheck: {test: [y]}, x-friday: {route: [c]}}}';
    expect(merged(base, over)).toEqual({
      services: { a: { command: ['y'], ports: [1, 2], healthcheck: { test: ['y'] }, 'x-friday': { route: ['c'] } } },
    });
  });

  it('knows a service by its whole name', () => {
    expect(merged('services: {a.b: {command: [x]}}', 'services: {a.b: {command: [y]}}')).toEqual({
      services: { 'a.b': { command: ['y'] } },
    });
  });

  it('removes and replaces by tag', () => {
    expect(merged('{a: [1], b: {c: 1}, d: 1}', '{a: !override [2], b: !override {e: 1}, d: !reset null}')).toEqual({
      a: [2],
      b: { e: 1 },
    });
  });

  it('keeps a mapping under an empty value', () => {
    expect(merged('{a: {b: 1}, c: 1}', '{a: , c: }')).toEqual({ a: { b: 1 }, c: null });
  });

  it('reports a list over a mapping at the later one', () => {
    const problems: Problem[] = [];
    mergeTrees(treeOf('a: {b: 1}'), treeOf('\na: [1]'), problems);
    expect(problems).toMatchObject([{ severity: 'error', path: 'a', position: { line: 2, column: 4 } }]);
  });
});
