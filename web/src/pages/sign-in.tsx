// Signing in: with the link that `friday up` prints, with name and password, or with a token.
import { signal } from '@preact/signals';
import { Problem, signIn, signInWithToken } from '../api.ts';

const isToken = signal(false);
const isBusy = signal(false);
const said = signal('');

async function submit(event: Event): Promise<void> {
  event.preventDefault();
  const data = new FormData(event.currentTarget as HTMLFormElement);
  const text = (name: string) => String(data.get(name) ?? '').trim();
  isBusy.value = true;
  said.value = '';
  try {
    if (isToken.value) await signInWithToken(text('token'));
    else await signIn(text('name'), String(data.get('password') ?? ''));
  } catch (error) {
    said.value = error instanceof Problem ? `${error.message} ${error.hint}` : String(error);
  } finally {
    isBusy.value = false;
  }
}

export function SignIn() {
  return (
    <main class="sign-in">
      <form class="panel" onSubmit={(event) => void submit(event)}>
        <p class="brand">fridaymorning</p>
        <h1>Sign in</h1>
        <p class="mute">
          The quickest way is a link that works once: <code>friday open</code> on the machine prints one.
        </p>
        {isToken.value ? (
          <label>
            Token
            <input name="token" type="password" required autocomplete="off" />
          </label>
        ) : (
          <>
            <label>
              Name
              <input name="name" required autocomplete="username" />
            </label>
            <label>
              Password
              <input name="password" type="password" required autocomplete="current-password" />
            </label>
          </>
        )}
        {said.value !== '' && (
          <p class="s-bad" role="alert">
            {said.value}
          </p>
        )}
        <button type="submit" class="btn primary" disabled={isBusy.value}>
          {isBusy.value ? 'Signing in …' : 'Sign in'}
        </button>
        <button type="button" class="link" onClick={() => (isToken.value = !isToken.value)}>
          {isToken.value ? 'With name and password instead' : 'With a token instead'}
        </button>
      </form>
    </main>
  );
}
