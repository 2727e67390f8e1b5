// The outbox of a control plane, put together: its journal, its releases, its public address.
import type { Control } from '../../control/api.ts';
import type { NotifyTarget } from '../../core/notice.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { Store } from '../../ports/store.ts';
import type { Log } from '../refusal.ts';
import { createNotices } from './notices.ts';
import { type Outbox, openOutbox } from './outbox.ts';

export type TellOptions = {
  readonly store: Pick<Store, 'read' | 'commit' | 'events'>;
  readonly control: Pick<Control, 'onEvents' | 'release'>;
  readonly create: (target: NotifyTarget) => Notifier;
  readonly project: string;
  readonly publicHosts: () => readonly string[];
  readonly log: Log;
};

/** Failure: as of the store. */
export function openTelling({ store, control, create, project, publicHosts, log }: TellOptions): Promise<Outbox> {
  const noticeOf = createNotices({
    project,
    release: (id) => control.release(id).catch(() => null),
    publicUrl: () => publicHosts().map((host) => `https://${host}`)[0] ?? null,
  });
  const onEvents: Control['onEvents'] = (listener) => control.onEvents(listener);
  return openOutbox({ store, onEvents, noticeOf, create, project, now: () => Date.now(), log });
}

/** The same control plane, whose status also says whom nobody can tell. */
export function withProblems(control: Control, { problems }: Pick<Outbox, 'problems'>): Control {
  return {
    ...control,
    status: () => {
      const status = control.status();
      return { ...status, problems: [...status.problems, ...problems()] };
    },
  };
}
