// A keeper that takes the place of another one: after an upgrade, or after it was killed in the middle of a change.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import type { Side } from '../../../core/traffic.ts';
import { send, tableOf, traffic, until } from '../../../proxy/fixture.ts';
import { haproxyBalancer } from './balancer.ts';
import { type HaproxyPlace, haproxyPlace } from './fixture.ts';

let place: HaproxyPlace;
beforeEach(async () => {
  place = await haproxyPlace();
});
afterEach(() => place.remove());

const sideOf = async (version: number, id: string): Promise<Side> => ({ version, targets: [await place.instance(id)] });
const apply = (revision: number, stable: Side) => place.open().apply(tableOf(revision, [traffic({ stable })]));

describeWith('haproxy', 'a keeper', () => {
  it('of another version is replaced once, and no request is lost over it', async () => {
    await apply(1, await sideOf(1, 'a'));
    const upgraded = haproxyBalancer({ dir: place.dir, version: '99.0.0' });
    const { listening } = await place.open().look();
    const port = listening[0]?.port ?? 0;
    const before = await place.pids();
    const statuses: number[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) statuses.push((await send(port).catch(() => ({ status: 0 }))).status);
    })();
    await upgraded.look();
    const after = await place.pids();
    expect(await upgraded.look()).toMatchObject({ revision: 1, pid: after.keeper, listening });
    await until(() => statuses.length > 50);
    isOver = true;
    await load;
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect([after.haproxy, after.keeper === before.keeper]).toEqual([before.haproxy, false]);
    expect((await place.pids()).keeper).toBe(after.keeper);
  });

  it('tells HAProxy again what the one before had saved but may not have said', async () => {
    const [a, b] = [await sideOf(1, 'a'), await sideOf(2, 'b')];
    const file = join(place.dir, 'table.json');
    await apply(1, a);
    await apply(2, b);
    const saved = readFileSync(file, 'utf8');
    await apply(3, a);
    const { keeper } = await place.pids();
    process.kill(keeper, 'SIGKILL');
    await until(() =>
      place
        .open()
        .look()
        .then(
          () => false,
          () => true,
        ),
    );
    // As if it was killed when it had saved the change to b, before HAProxy was told.
    writeFileSync(file, saved);
    await apply(4, b);
    expect((await place.send()).instance).toBe('b');
  });
});
