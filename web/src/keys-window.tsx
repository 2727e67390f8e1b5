// What each key does, on every page: opened by `?`.
import { signal } from '@preact/signals';
import { Dialog } from './parts/dialog.tsx';

const KEYS = [
  [
    'Everywhere',
    [
      ['O', 'Overview'],
      ['S', 'Services'],
      ['E', 'Releases'],
      ['L', 'Logs'],
      [',', 'Settings'],
      ['⌘K, Ctrl K or /', 'search, or run what the command line can'],
      ['?', 'this list'],
    ],
  ],
  [
    'On a release',
    [
      ['space', 'pause it'],
      ['P', 'promote it, say yes, or let it go on'],
      ['R', 'roll it back'],
    ],
  ],
  [
    'When something is asked',
    [
      ['↵', 'yes'],
      ['esc', 'no; closes a window, too'],
    ],
  ],
] as const;

const isOpen = signal(false);

export function openKeys(): void {
  isOpen.value = true;
}

export function KeysWindow() {
  const close = () => {
    isOpen.value = false;
  };
  return (
    <Dialog label="Keys" class="window keys" isOpen={isOpen.value} onClose={close}>
      <div class="window-head">
        <h2>Keys</h2>
        <button type="button" class="btn small" onClick={close}>
          Close<kbd>esc</kbd>
        </button>
      </div>
      {KEYS.map(([title, keys]) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl class="facts">
            {keys.map(([key, does]) => [
              <dt key={key}>
                <kbd>{key}</kbd>
              </dt>,
              <dd key={does}>{does}</dd>,
            ])}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
