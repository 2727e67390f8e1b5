// Who may do what: people and roles, tokens for programs, open sessions, the own password, and what everybody did.
import { useEffect, useState } from 'preact/hooks';
import type { AuditView, SessionView } from '../../../src/api/access-views.ts';
import { api, may, Problem, session } from '../api.ts';
import { agentText, wordsOf } from '../format.ts';
import { type ROLES, Said, Sure, Table, Time, useList } from '../settings/parts.tsx';
import { People } from '../settings/people.tsx';
import { Tokens } from '../settings/tokens.tsx';
import { nextTheme, theme } from '../theme.ts';
import { tell } from '../title.ts';

const ROLE_WORDS: Readonly<Record<(typeof ROLES)[number], string>> = {
  viewer: 'looks',
  releaser: 'releases, pauses, promotes, rolls back',
  approver: 'also says yes where a plan asks for it',
  admin: 'also stops services and manages people and tokens',
};

export function SettingsPage() {
  useEffect(() => tell('settings', { glyph: '', word: '', tone: 'mute' }), []);
  const isAdmin = may('manage');
  return (
    <main class="settings">
      <h1>Settings</h1>
      <You />
      {isAdmin && <People />}
      {isAdmin && <Tokens />}
      <Sessions />
      {isAdmin && <Audit />}
    </main>
  );
}

function You() {
  const self = session.value?.self;
  const [said, setSaid] = useState('');
  const [isDone, setDone] = useState(false);
  if (!self) return null;
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    try {
      await api.access.changePassword(String(data.get('current') ?? ''), String(data.get('password') ?? ''));
      form.reset();
      setSaid('');
      setDone(true);
    } catch (error) {
      setDone(false);
      setSaid(error instanceof Problem ? `${error.message} ${error.hint}` : String(error));
    }
  };
  return (
    <section class="panel" aria-labelledby="you-title">
      <h2 id="you-title">You</h2>
      <p class="empty">
        {self.name}, {self.role}: {ROLE_WORDS[self.role]}.
      </p>
      <button type="button" class="btn small" onClick={nextTheme}>
        Theme: {theme.value}
      </button>
      {self.how === 'session' && (
        <form onSubmit={(event) => void submit(event)}>
          {self.hasPassword && (
            <label>
              Password until now
              <input name="current" type="password" autocomplete="current-password" required />
            </label>
          )}
          <label>
            New password, 12 characters or more
            <input name="password" type="password" autocomplete="new-password" minLength={12} required />
          </label>
          <button type="submit" class="btn">
            Change password
          </button>
          {isDone && <span class="s-ok">✓ Changed. Other sessions have ended.</span>}
        </form>
      )}
      <Said text={said} />
    </section>
  );
}

function Sessions() {
  const { items, said, change } = useList<SessionView>(api.access.sessions);
  return (
    <section class="panel" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Open sessions</h2>
      {items?.length === 0 && <p class="empty">No browser is signed in by a session.</p>}
      {items && items.length > 0 && (
        <Table label="Sessions" heads={['Who', 'Browser', 'Since', 'Seen', 'Ends', '']}>
          {items.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.name} {one.isOwn && <span class="tag">this one</span>}
              </th>
              <td class="mute" title={one.agent}>
                {agentText(one.agent)}
              </td>
              <td class="n">
                <Time at={one.createdAt} />
              </td>
              <td class="n">
                <Time at={one.seenAt} />
              </td>
              <td class="n">
                <Time at={one.endsAt} />
              </td>
              <td class="r">
                {!one.isOwn && (
                  <Sure label="End" question="End it?" onYes={() => void change(() => api.access.endSession(one.id))} />
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Said text={said} />
    </section>
  );
}

function Audit() {
  const [entries, setEntries] = useState<readonly AuditView[]>([]);
  const [isEnd, setEnd] = useState(false);
  const more = async () => {
    const older = await api.access.audit(entries.at(-1)?.seq ?? null).catch(() => []);
    setEntries([...entries, ...older]);
    setEnd(older.length < 50);
  };
  useEffect(() => void more(), []);
  return (
    <section class="panel" aria-labelledby="audit-title">
      <h2 id="audit-title">
        Audit <small>everything that was to change something, refused or not</small>
      </h2>
      {entries.length === 0 ? (
        <p class="empty">Nothing yet.</p>
      ) : (
        <Table label="Audit" heads={['When', 'Who', 'Role', 'What', 'About', 'Answer', 'From']}>
          {entries.map((one) => (
            <tr key={one.seq}>
              <td class="n">
                <Time at={one.at} />
              </td>
              <th scope="row">{one.who || 'nobody'}</th>
              <td class="n">{one.role ?? '–'}</td>
              <td class="n" title={one.what}>
                {wordsOf(one.what)}
              </td>
              <td>{one.about}</td>
              <td class={`n ${one.status >= 400 ? 's-bad' : 's-ok'}`}>
                {one.status >= 400 ? '✕' : '✓'} {one.status}
              </td>
              <td class="n mute">{one.from || one.how || ''}</td>
            </tr>
          ))}
        </Table>
      )}
      {!isEnd && entries.length > 0 && (
        <button type="button" class="link more" onClick={() => void more()}>
          Show older ones
        </button>
      )}
    </section>
  );
}
