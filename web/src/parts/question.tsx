// Asked once, in place, before something is done: what it is, the command that does the same, yes and no.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Problem } from '../api.ts';

export type QuestionProps = {
  readonly question: string;
  readonly command: string;
  readonly isDanger?: boolean;
  readonly isBusy: boolean;
  readonly refusal: Problem | null;
  onYes(): unknown;
  onNo(): void;
};

export function Question({ question, command, isDanger = false, isBusy, refusal, onYes, onNo }: QuestionProps) {
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus(), []);
  return (
    <div class={`question${isDanger ? ' danger' : ''}`} role="group" aria-label={question}>
      <span>{question}</span>
      <code title="The same in a terminal">{command}</code>
      {refusal && (
        <span class="s-bad" role="alert">
          {refusal.message} {refusal.hint}
        </span>
      )}
      <button
        type="button"
        ref={yes}
        class={`btn${isDanger ? ' danger' : ' primary'}`}
        disabled={isBusy}
        onClick={() => void onYes()}
      >
        {isBusy ? 'Ordering …' : 'Yes'}
        <kbd>↵</kbd>
      </button>
      <button type="button" class="btn" onClick={onNo}>
        No<kbd>esc</kbd>
      </button>
    </div>
  );
}
