// Pause, promote, roll back: by button and key, asked once in place, with the command that does the same.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ReleaseView } from '../../../src/api/views.ts';
import { api, may, Problem } from '../api.ts';
import { weightText } from '../format.ts';
import { onKey } from '../keys.ts';
import { Question } from '../parts/question.tsx';

export type Act = {
  readonly id: 'pause' | 'promote' | 'rollback';
  readonly label: string;
  readonly key: string;
  /** Shown on the key. */
  readonly cap: string;
  readonly question: string;
  readonly command: string;
  readonly isDanger: boolean;
  run(): Promise<unknown>;
};

/** What is asked about now, and what came of it. */
const asked = signal<Act['id'] | null>(null);
const isBusy = signal(false);
const refusal = signal<Problem | null>(null);
const isDone = signal('');

export function actsOf(view: ReleaseView): readonly Act[] {
  const { service, state, isOver, version, from } = view;
  const rollBack: Act = {
    id: 'rollback',
    label: 'Roll back',
    key: 'r',
    cap: 'R',
    question: from === null ? `Stop the release of v${version}?` : `Roll ${service} back to v${from}?`,
    command: `friday rollback ${service}`,
    isDanger: true,
    run: () => api.rollBack(service, null),
  };
  if (isOver) return view.watch !== null ? [rollBack] : [];
  if (state === 'rolling_back') return [];
  const promote: Act = {
    id: 'promote',
    label: labelOfPromote(view),
    key: 'p',
    cap: 'P',
    question: questionOfPromote(view),
    command: `friday promote ${service}`,
    isDanger: false,
    run: () => api.promote(service, null),
  };
  const pause: Act = {
    id: 'pause',
    label: 'Pause',
    key: ' ',
    cap: 'space',
    question: `Hold v${version} at ${weightText(view.weight)}? The judge goes on watching.`,
    command: `friday pause ${service}`,
    isDanger: false,
    run: () => api.pause(service),
  };
  const canPause = ['ramping', 'waiting_for_traffic', 'waiting_for_approval'].includes(state);
  const canPromote = state !== 'starting' && state !== 'promoting' && view.comparison === undefined;
  return [...(canPause ? [pause] : []), ...(canPromote ? [promote] : []), rollBack];
}

function labelOfPromote(view: ReleaseView): string {
  if (view.state === 'waiting_for_approval') return `Approve ${weightText(view.nextWeight ?? 100)}`;
  return view.state === 'paused' ? 'Go on' : 'Promote now';
}

function questionOfPromote(view: ReleaseView): string {
  if (view.state === 'paused') return `Let v${view.version} go on from ${weightText(view.weight)}?`;
  const next = view.nextWeight ?? 100;
  return next >= 100 ? `Give v${view.version} all traffic now?` : `Give v${view.version} ${weightText(next)} now?`;
}

/** What a person must be allowed to for it; who may not sees no button. */
export function needsOf(act: Act, view: ReleaseView): 'approve' | 'release' {
  return act.id === 'promote' && view.state === 'waiting_for_approval' ? 'approve' : 'release';
}

export function ask(id: Act['id'] | null): void {
  asked.value = id;
  refusal.value = null;
  isDone.value = '';
}

async function run(act: Act): Promise<void> {
  if (isBusy.value) return;
  isBusy.value = true;
  refusal.value = null;
  try {
    await act.run();
    asked.value = null;
    isDone.value = `${act.label}: it is ordered.`;
  } catch (error) {
    refusal.value = error instanceof Problem ? error : new Problem(0, String(error));
  } finally {
    isBusy.value = false;
  }
}

export function Acts({ view }: { view: ReleaseView }) {
  const acts = actsOf(view).filter((act) => may(needsOf(act, view)));
  const ids = acts.map((act) => act.id).join();
  useEffect(
    () =>
      onKey((key, event) => {
        const current = acts.find((act) => act.id === asked.value);
        if (current && key === 'enter') void run(current);
        else if (current && key === 'escape') ask(null);
        else {
          const act = acts.find((one) => one.key === key);
          if (!act) return;
          ask(act.id);
        }
        event.preventDefault();
      }),
    [ids, view.id, view.service, view.nextWeight],
  );
  useEffect(() => () => ask(null), [view.id]);
  const current = acts.find((act) => act.id === asked.value);
  return (
    <div class="acts">
      {view.isOver && (
        <a class="btn" href={`/logs?service=${encodeURIComponent(view.service)}&version=${view.version}`}>
          View v{view.version} logs
        </a>
      )}
      {current ? (
        <Question
          key={current.id}
          question={current.question}
          command={current.command}
          isDanger={current.isDanger}
          isBusy={isBusy.value}
          refusal={refusal.value}
          onYes={() => run(current)}
          onNo={() => ask(null)}
        />
      ) : (
        acts.map((act) => (
          <button
            key={act.id}
            type="button"
            class={`btn${act.isDanger ? ' danger' : ''}`}
            title={`The same in a terminal: ${act.command}`}
            onClick={() => ask(act.id)}
          >
            {act.label}
            <kbd>{act.cap}</kbd>
          </button>
        ))
      )}
      <p class="sr" role="status">
        {isDone.value}
      </p>
    </div>
  );
}
