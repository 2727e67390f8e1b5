// What the sections of the settings are made of: lists that are asked for again, tables, times, buttons that ask once more.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api.ts';
import { momentText, utcText } from '../format.ts';
import { now } from '../live.ts';

export const ROLES = ['viewer', 'releaser', 'approver', 'admin'] as const;

export type Change = (work: () => Promise<unknown>) => Promise<void>;

/** A list that is asked for again after each change, and what went wrong last. */
export function useList<T>(ask: () => Promise<readonly T[]>) {
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [said, setSaid] = useState('');
  const fail = (error: unknown) => setSaid(error instanceof Problem ? `${error.message} ${error.hint}` : String(error));
  const refresh = () => ask().then(setItems, fail);
  useEffect(() => void refresh(), []);
  const change = async (work: () => Promise<unknown>) => {
    setSaid('');
    try {
      await work();
    } catch (error) {
      fail(error);
    }
    await refresh();
  };
  return { items, said, change };
}

export function Said({ text }: { text: string }) {
  if (text === '') return null;
  return (
    <p class="s-bad" role="alert">
      {text}
    </p>
  );
}

export function Time({ at }: { at: number | null }) {
  if (at === null) return <span class="mute">never</span>;
  return <time title={utcText(at)}>{momentText(at, now.peek())}</time>;
}

export function Table({
  label,
  heads,
  children,
}: {
  label: string;
  heads: readonly string[];
  children: ComponentChildren;
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {heads.map((text) => (
              <th key={text} scope="col">
                {text === '' ? <span class="sr">Acts</span> : text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function RolePick({ name, value, onPick }: { name: string; value?: string; onPick?: (role: string) => void }) {
  return (
    <label>
      {onPick ? <span class="sr">Role</span> : 'Role'}
      <select name={name} value={value} onChange={(event) => onPick?.(event.currentTarget.value)}>
        {ROLES.map((role) => (
          <option key={role} value={role}>
            {role}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A button that asks once more in place. */
export function Sure({ label, question, onYes }: { label: string; question: string; onYes: () => void }) {
  const [isAsked, setAsked] = useState(false);
  return (
    <button
      type="button"
      class="btn small danger"
      onBlur={() => setAsked(false)}
      onClick={() => (isAsked ? onYes() : setAsked(true))}
    >
      {isAsked ? question : label}
    </button>
  );
}
