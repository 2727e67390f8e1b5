// What is kept about people, in memory: for tests and demonstrations.
import { Failure } from '../../core/failure.ts';
import { type AccessStore, AUDIT_LIMIT, type AuditEntry, idOf, type Kept, type KeptKind } from '../../ports/access.ts';

export function memoryAccess(kept = new Map<string, Kept[KeptKind]>(), audit: AuditEntry[] = []): AccessStore {
  let isOpen = true;
  const requireOpen = () => {
    if (!isOpen) throw new Failure('unavailable', 'The store of people is closed.');
  };
  return {
    read: async <Kind extends KeptKind>(kind: Kind) => {
      requireOpen();
      const own = [...kept].filter(([key]) => key.startsWith(`${kind} `));
      return own.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value as Kept[Kind]);
    },
    commit: async ({ put = {}, remove = {}, audit: entries = [] }) => {
      requireOpen();
      for (const [kind, ids] of Object.entries(remove)) for (const id of ids) kept.delete(`${kind} ${id}`);
      for (const [kind, all] of Object.entries(put)) for (const one of all) kept.set(`${kind} ${idOf(one)}`, one);
      for (const entry of entries) audit.push({ ...entry, seq: (audit.at(-1)?.seq ?? 0) + 1 });
      audit.splice(0, Math.max(0, audit.length - AUDIT_LIMIT));
    },
    audit: async ({ limit, before = Number.MAX_SAFE_INTEGER }) => {
      requireOpen();
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new Failure('invalid', `limit is ${limit}`);
      return audit
        .filter((one) => one.seq < before)
        .slice(-limit)
        .reverse();
    },
    close: async () => {
      isOpen = false;
    },
  };
}
