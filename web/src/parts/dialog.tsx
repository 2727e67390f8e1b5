// A window over the page: Escape and a click beside it close it, and the focus goes back to where it was.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export type DialogProps = {
  readonly label: string;
  readonly class: string;
  readonly isOpen: boolean;
  onClose(): void;
  readonly children: ComponentChildren;
};

export function Dialog({ label, class: look, isOpen, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // The browser tells late that one is closed; it may be wanted again by then.
  const ownCloses = useRef(0);
  useLayoutEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (isOpen || !dialog.current?.open) return;
    ownCloses.current += 1;
    dialog.current.close();
  }, [isOpen]);
  const onClosed = () => {
    if (ownCloses.current > 0) ownCloses.current -= 1;
    else onClose();
  };
  const onCancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, the browser calls that cancel
    <dialog
      ref={dialog}
      class={look}
      aria-label={label}
      onClose={onClosed}
      onCancel={onCancel}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      {isOpen && children}
    </dialog>
  );
}
