// What is around every page: the project, where one can go, who is here, and whether the picture is still true.
import { useEffect } from 'preact/hooks';
import { Problem, session, signOut } from './api.ts';
import { clockText, spanText } from './format.ts';
import { onKey } from './keys.ts';
import { KeysWindow, openKeys } from './keys-window.tsx';
import { heardAt, isStale, lostWhy, restart, staleFor, status } from './live.ts';
import { LogsPage } from './pages/logs.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { ReleasePage } from './pages/release.tsx';
import { ReleasesPage } from './pages/releases.tsx';
import { ServicePage } from './pages/service.tsx';
import { ServicesPage } from './pages/services.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { openPalette, Palette } from './palette.tsx';
import { Lost } from './parts/lost.tsx';
import { address, go, type Place, placeOf } from './router.ts';
import { nextTheme, theme } from './theme.ts';

const PAGES = [
  ['Overview', '/', 'o'],
  ['Services', '/services', 's'],
  ['Releases', '/releases', 'e'],
  ['Logs', '/logs', 'l'],
  ['Settings', '/settings', ','],
] as const;

export function App() {
  const known = session.value;
  if (known === null) return <p class="empty loading center">Asking the control plane …</p>;
  if (known.self === null) return <SignIn />;
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <Top />
      <Stale />
      <div id="content" class={isStale.value ? 'stale' : ''} tabIndex={-1}>
        <Page place={placeOf(address.value)} />
      </div>
      <Palette />
      <KeysWindow />
    </>
  );
}

function Top() {
  const place = placeOf(address.value);
  const project = status.value;
  useEffect(
    () =>
      onKey((key, event) => {
        const page = PAGES.find(([, , one]) => one === key);
        if (key === '/') openPalette();
        else if (key === '?') openKeys();
        else if (page) go(page[1]);
        else return;
        event.preventDefault();
      }),
    [],
  );
  return (
    <header class="top">
      <a href="/" class="brand">
        fridaymorning
      </a>
      {project && (
        <span class="mute project" title={project.file}>
          {project.project} · {project.host}
        </span>
      )}
      <nav aria-label="Main">
        {PAGES.map(([name, path, key]) => (
          <a key={path} href={path} title={`Key ${key}`} aria-current={isIn(place, name) ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="top-end">
        <button
          type="button"
          class="k"
          onClick={openPalette}
          aria-label="Search or run… ⌘K"
          aria-keyshortcuts="Control+K Meta+K"
        >
          <span class="wide-only">Search or run… </span>
          <span aria-hidden="true">⌘K</span>
        </button>
        <button
          type="button"
          class="k icon"
          onClick={nextTheme}
          title={`Theme: ${theme.value}`}
          aria-label={`Theme: ${theme.value}. Change it`}
        >
          <span aria-hidden="true">{theme.value === 'system' ? '◐' : theme.value === 'light' ? '○' : '●'}</span>
        </button>
        <Who />
      </div>
    </header>
  );
}

function Who() {
  const self = session.value?.self;
  if (!self) return null;
  return (
    <details class="who">
      <summary>
        {self.name.slice(0, 20) || 'you'} <span class="mute wide-only">{self.role}</span>
      </summary>
      <div class="menu">
        <p>
          Signed in as <b>{self.name}</b>, {self.role}
        </p>
        <a href="/settings">Settings</a>
        <button type="button" class="link" onClick={openKeys}>
          Keys
        </button>
        <button type="button" class="link" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </details>
  );
}

function isIn(place: Place, name: string): boolean {
  if (place.page === 'service') return name === 'Services';
  if (place.page === 'release') return name === 'Releases';
  return place.page === name.toLowerCase();
}

/** Shown after 5 s without a sign of life; says how old the picture is, and why. */
function Stale() {
  const isOld = isStale.value;
  return (
    <div role="status" aria-live="polite" class={isOld ? 'banner' : 'sr'}>
      {isOld && (
        <>
          <b>▲ Live view lost {spanText(staleFor.value)} ago</b>, showing {clockText(heardAt.value ?? 0)}.{' '}
          {lostWhy.value} Your services go on without it.{' '}
          <button type="button" class="link" onClick={restart}>
            Try now
          </button>
        </>
      )}
    </div>
  );
}

function Page({ place }: { place: Place }) {
  if (place.page === 'overview') return <OverviewPage />;
  if (place.page === 'services') return <ServicesPage />;
  if (place.page === 'service') return <ServicePage key={place.name} name={place.name} />;
  if (place.page === 'releases') return <ReleasesPage />;
  if (place.page === 'release') return <ReleasePage key={place.id} id={place.id} />;
  if (place.page === 'logs') return <LogsPage />;
  if (place.page === 'settings') return <SettingsPage />;
  return <Lost problem={new Problem(404, 'There is no such page.')} what="" />;
}
