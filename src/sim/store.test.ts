// Tests of the simulated store: the contract, and what a crash does.
import { expect, it } from 'vitest';
import { storeContract } from '../ports/store.contract.ts';
import { crash, simDisk, simStore } from './store.ts';

storeContract('the simulated store', async () => {
  const disk = simDisk();
  return { open: () => simStore(disk), remove: async () => {} };
});

it('cuts a crashed store off, and gives its successor everything', async () => {
  const disk = simDisk();
  const before = simStore(disk);
  await before.commit({ put: [{ kind: 'service', id: 'web', value: 1 }] });
  crash(disk);
  const after = simStore(disk);
  await expect(before.commit({ put: [] })).rejects.toMatchObject({ code: 'unavailable' });
  await before.close();
  expect(await after.read('service')).toEqual([{ kind: 'service', id: 'web', value: 1 }]);
});
