// ⌘K: the verbs of the command line and the places of the page, found by typing.
import { computed, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ServiceView } from '../../src/api/views.ts';
import { api, may, Problem, signOut } from './api.ts';
import { weightText } from './format.ts';
import { openKeys } from './keys-window.tsx';
import { status } from './live.ts';
import { Dialog } from './parts/dialog.tsx';
import { actsOf, needsOf } from './release/acts.tsx';
import { go } from './router.ts';
import { setTheme, THEMES, theme } from './theme.ts';

type Entry = {
  readonly text: string;
  /** The command that does the same, or the address. */
  readonly note: string;
  /** Must be said yes to once more. */
  readonly asks: boolean;
  run(): unknown;
};

const isOpen = signal(false);
const words = signal('');
const at = signal(0);
/** The text of what was asked about; entries themselves are made anew with every frame. */
const sure = signal<string | null>(null);
const said = signal('');

export function openPalette(): void {
  words.value = '';
  at.value = 0;
  sure.value = null;
  said.value = '';
  isOpen.value = true;
}

function restartsOf(services: readonly ServiceView[]): readonly Entry[] {
  return services
    .filter((one) => one.isReleased && one.ready > 0 && one.release === null && one.watch === null && may('release'))
    .map((one) => ({
      text: `restart ${one.name}, one instance after the other`,
      note: `friday restart ${one.name}`,
      asks: true,
      run: () => api.restart(one.name, null),
    }));
}

const entries = computed<readonly Entry[]>(() => {
  const now = status.value;
  const releases = now?.releases ?? [];
  const verbs = releases.flatMap((view) =>
    actsOf(view)
      .filter((act) => may(needsOf(act, view)))
      .map(
        (act): Entry => ({
          text: `${act.label} ${view.service} v${view.version}`,
          note: act.command,
          asks: true,
          run: () => act.run(),
        }),
      ),
  );
  const shown = releases.map((view): Entry => {
    const text = `status ${view.service} v${view.version}, ${view.state.replaceAll('_', ' ')} at ${weightText(view.weight)}`;
    return { text, note: `friday status ${view.service} -w`, asks: false, run: () => go(`/releases/${view.id}`) };
  });
  const services = now?.services ?? [];
  const back = services
    .filter((one) => one.release === null && one.isReleased && (one.version ?? 1) > 1 && may('release'))
    .map(
      (one): Entry => ({
        text: `rollback ${one.name} to the version before`,
        note: `friday rollback ${one.name}`,
        asks: true,
        run: () => api.rollBack(one.name, null),
      }),
    );
  const places = services.flatMap((one): Entry[] => [
    {
      text: `status ${one.name}`,
      note: `friday status ${one.name}`,
      asks: false,
      run: () => go(`/services/${encodeURIComponent(one.name)}`),
    },
    {
      text: `logs ${one.name}`,
      note: `friday logs ${one.name} -f`,
      asks: false,
      run: () => go(`/logs?service=${encodeURIComponent(one.name)}`),
    },
    {
      text: `history ${one.name}`,
      note: `friday history ${one.name}`,
      asks: false,
      run: () => go(`/releases?service=${encodeURIComponent(one.name)}`),
    },
  ]);
  const pages = [
    ['go to the overview: status', 'friday status', '/'],
    ['go to services', 'friday status', '/services'],
    ['go to releases: history', 'friday history', '/releases'],
    ['go to logs', 'friday logs -f', '/logs'],
    ['go to settings: people, tokens, audit', 'friday user, friday token', '/settings'],
  ].map(([text = '', note = '', path = '/']): Entry => ({ text, note, asks: false, run: () => go(path) }));
  return [...verbs, ...shown, ...pages, ...places, ...back, ...restartsOf(services), ...own()];
});

/** What is about this page and who looks at it. */
function own(): readonly Entry[] {
  const themes = THEMES.filter((one) => one !== theme.value).map(
    (one): Entry => ({ text: `theme: ${one}`, note: 'look of this page', asks: false, run: () => setTheme(one) }),
  );
  return [
    ...themes,
    { text: 'keys: what they do', note: '?', asks: false, run: openKeys },
    { text: 'sign out', note: 'this browser only', asks: true, run: signOut },
  ];
}

/** Every word must be in it, in any order. */
const found = computed(() => {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.value
    .filter(({ text, note }) => wanted.every((word) => `${text} ${note}`.toLowerCase().includes(word)))
    .slice(0, 12);
});

async function choose(entry: Entry | undefined): Promise<void> {
  if (!entry) return;
  if (entry.asks && sure.value !== entry.text) {
    sure.value = entry.text;
    return;
  }
  try {
    await entry.run();
    isOpen.value = false;
  } catch (error) {
    sure.value = null;
    said.value = error instanceof Problem ? `${error.message} ${error.hint}` : String(error);
  }
}

export function Palette() {
  useEffect(() => {
    const onKeys = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      openPalette();
    };
    document.addEventListener('keydown', onKeys);
    return () => document.removeEventListener('keydown', onKeys);
  }, []);
  const close = () => {
    isOpen.value = false;
  };
  return (
    <Dialog label="Search or run a command" class="palette" isOpen={isOpen.value} onClose={close}>
      <Finder />
    </Dialog>
  );
}

function Finder() {
  const list = found.value;
  const place = Math.min(at.value, Math.max(0, list.length - 1));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) at.value = (place + step + list.length) % Math.max(1, list.length);
    else if (event.key === 'Enter') void choose(list[place]);
    else return;
    if (step !== 0) sure.value = null;
    event.preventDefault();
  };
  return (
    <>
      <input
        type="text"
        role="combobox"
        aria-label="A verb, a service, a page"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={list.length > 0 ? `palette-${place}` : undefined}
        placeholder="promote, rollback, logs, a service …"
        autocomplete="off"
        spellcheck={false}
        value={words.value}
        onInput={(event) => {
          words.value = event.currentTarget.value;
          at.value = 0;
          sure.value = null;
        }}
        onKeyDown={onKeyDown}
        ref={(input) => input?.focus()}
      />
      <div id="palette-list" role="listbox" aria-label="What can be done">
        {list.map((entry, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the text field above takes the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text field, as a combobox wants it
          <div
            key={entry.text}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === place}
            class="entry"
            onClick={() => void choose(entry)}
          >
            <span>{sure.value === entry.text ? `${entry.text}? ↵ says yes` : entry.text}</span>
            <code>{entry.note}</code>
          </div>
        ))}
      </div>
      {list.length === 0 && <p class="empty">Nothing is called that.</p>}
      {said.value !== '' && (
        <p class="s-bad" role="alert">
          {said.value}
        </p>
      )}
    </>
  );
}
