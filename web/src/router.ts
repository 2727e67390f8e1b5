// Addresses of the page: which one is shown, and links that change it without loading anything.
import { signal } from '@preact/signals';

export type Place =
  | { readonly page: 'overview' | 'services' | 'releases' | 'logs' | 'settings' | 'lost' }
  | { readonly page: 'service'; readonly name: string }
  | { readonly page: 'release'; readonly id: number };

export const address = signal(location.pathname + location.search);

export function placeOf(path: string): Place {
  const [first = '', second] = path.split('?')[0]?.split('/').filter(Boolean).map(decodeURIComponent) ?? [];
  if (first === '') return { page: 'overview' };
  if (first === 'releases' && second !== undefined && /^\d+$/.test(second))
    return { page: 'release', id: Number(second) };
  if (first === 'services' && second !== undefined) return { page: 'service', name: second };
  if (second === undefined && ['services', 'releases', 'logs', 'settings'].includes(first)) {
    return { page: first as 'services' | 'releases' | 'logs' | 'settings' };
  }
  return { page: 'lost' };
}

/** What follows the `?`. */
export function searchOf(path: string): URLSearchParams {
  return new URLSearchParams(path.split('?')[1] ?? '');
}

export function go(path: string, isReplacing = false): void {
  if (path === address.value) return;
  history[isReplacing ? 'replaceState' : 'pushState'](null, '', path);
  const isOther = path.split('?')[0] !== address.value.split('?')[0];
  address.value = path;
  if (isOther) window.scrollTo(0, 0);
}

/** Takes over the browser's back and forward, and clicks on links to this page. */
export function listen(): void {
  addEventListener('popstate', () => {
    address.value = location.pathname + location.search;
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element).closest('a');
    if (link?.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.pathname.startsWith('/api/') || link.getAttribute('href')?.startsWith('#')) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
