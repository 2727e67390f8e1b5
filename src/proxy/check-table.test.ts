// Which tables are refused, and how the proxy says so.
import { describe, expect, it } from 'vitest';
import { checkTable } from './check-table.ts';
import { traffic } from './fixture.ts';

const target = { id: 'a', host: '127.0.0.1', port: 5000 };
const good = {
  revision: 1,
  listen: [{ host: '127.0.0.1', port: 8080 }],
  services: [traffic({ stable: { version: 1, targets: [target] } })],
};
const service = good.services[0];
const withSlow = (slow: unknown) => ({ ...good, services: [{ ...service, slow }] });

describe('a table', () => {
  it('is taken as it is', () => {
    expect(checkTable(good)).toBe(good);
    const slow = { stable: [0, 700], candidate: [5, 1440] };
    const slowly = { ...good, services: [{ ...good.services[0], slow }] };
    expect(checkTable(slowly)).toBe(slowly);
    expect(checkTable({ revision: 0, listen: [], services: [] })).toEqual({ revision: 0, listen: [], services: [] });
  });

  const wrong: readonly (readonly [string, unknown])[] = [
    ['table is wrong: expected an object, got [].', []],
    ['table.revision is wrong', { ...good, revision: '1' }],
    ['table.revision is wrong', { ...good, revision: Number.NaN }],
    ['table.listen is wrong: expected a list, got nothing.', { ...good, listen: undefined }],
    [
      'table.listen[0].port is wrong: expected a number from 0 to 65535, got 70000.',
      { ...good, listen: [{ host: 'x', port: 70_000 }] },
    ],
    ['table.listen[1] and table.listen[0] both want', { ...good, listen: [good.listen[0], good.listen[0]] }],
    ['table.services[0].weight is wrong', { ...good, services: [{ ...service, weight: 101 }] }],
    ['table.services[0].internalPort is wrong', { ...good, services: [{ ...service, internalPort: 0 }] }],
    ['table.services[0].isComing is wrong', { ...good, services: [{ ...service, isComing: 1 }] }],
    ['table.services[0].limits is wrong', { ...good, services: [{ ...service, limits: null }] }],
    ['table.services[0].slow is wrong: expected an object, got null.', withSlow(null)],
    ['table.services[0].slow.stable is wrong: expected a list', withSlow({ candidate: [] })],
    ['table.services[0].slow.stable is wrong: expected at most 16 limits', withSlow({ stable: new Array(17).fill(1) })],
    ['slow.candidate is wrong: expected 1 limits as in stable, got [].', withSlow({ stable: [1], candidate: [] })],
    ['slow.candidate[0] is wrong: expected a whole number', withSlow({ stable: [1], candidate: [1.5] })],
    ['slow.stable[0] is wrong: expected a whole number', withSlow({ stable: [1441], candidate: [1] })],
    ['table.internalHosts[0] is wrong: expected a text', { ...good, internalHosts: [''] }],
    ['table.services[0].stable is wrong', { ...good, services: [{ ...service, stable: undefined }] }],
    [
      'table.services[0].routes[0].path is wrong',
      { ...good, services: [{ ...service, routes: [{ host: '*', path: 'x' }] }] },
    ],
    [
      'table.services[0].candidate.targets[0].port is wrong',
      { ...good, services: [{ ...service, candidate: { version: 2, targets: [{ ...target, port: 0 }] } }] },
    ],
    [
      'table.services[1] and table.services[0] both want "web"',
      { ...good, services: [service, { ...service, internalPort: 1 }] },
    ],
  ];
  for (const [sentence, value] of wrong) {
    it(`is refused: ${sentence}`, () => {
      expect(() => checkTable(value)).toThrow(sentence);
    });
  }
});
