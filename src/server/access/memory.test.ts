// The memory of people against the contract.
import { describeAccessStore } from '../../ports/access.contract.ts';
import { memoryAccess } from './memory.ts';

describeAccessStore('memory', () => {
  const kept = new Map();
  const audit: [] = [];
  return { open: () => memoryAccess(kept, audit), remove: () => {} };
});
