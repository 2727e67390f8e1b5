// A window over the page: Escape and a click beside it close it, and the focus goes back to where it was.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export type DialogProps = {
  readonly label: string;
  readonly class: string;
  readonly isOpen: boolean;
  onClose(): void;
  readonly children: ComponentChildren;
};

export function Dialog({ label, class: look, isOpen, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen && dialog.current?.open) dialog.current.close();
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, as the browser does by itself
    <dialog
      ref={dialog}
      class={look}
      aria-label={label}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      {isOpen && children}
    </dialog>
  );
}
