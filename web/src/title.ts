// The state in the tab: title and icon, so that a tab among many says what happened.
import type { Mark } from './marks.ts';

const COLOURS: Readonly<Record<Mark['tone'], string>> = {
  run: '#7c66ff',
  ok: '#1a9d6b',
  warn: '#c58a12',
  bad: '#e04848',
  mute: '#7d8694',
};
let shown = '';

export function tell(text: string, mark: Mark): void {
  document.title = `${mark.tone === 'mute' ? '' : `${mark.glyph} `}${text} · fridaymorning`;
  if (shown === mark.tone) return;
  shown = mark.tone;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${COLOURS[mark.tone]}"/><path d="M4 12c8 0 12 0 24-4M4 12c8 0 10 10 24 12" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>`;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (link) link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
