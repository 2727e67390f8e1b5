// Where the page begins: who asks, the stream, the keys, and the first picture.
import { render } from 'preact';
import { knowSelf, OUT, Problem, session } from './api.ts';
import { listenToKeys } from './keys.ts';
import { begin } from './live.ts';
import { listen } from './router.ts';
import { App } from './shell.tsx';
import { applyTheme } from './theme.ts';
import './style.css';
import './phone.css';

applyTheme();
listen();
listenToKeys();
const root = document.getElementById('app');
if (root) render(<App />, root);
// What is now is asked for along with who asks, but never before the code of a link is changed for a session.
const hasLink = location.pathname === '/sign-in';
if (!hasLink) begin();
try {
  await knowSelf();
} catch (error) {
  // Whoever is not known signs in; a control plane that is away may be back by then.
  session.value = OUT;
  if (!(error instanceof Problem)) throw error;
}
if (hasLink) begin();
