// Tokens for programs: made, shown once, revoked.
import { useState } from 'preact/hooks';
import type { TokenView } from '../../../src/api/access-views.ts';
import { api } from '../api.ts';
import { type Change, RolePick, Said, Sure, Table, Time, useList } from './parts.tsx';

export function Tokens() {
  const { items, said, change } = useList(api.access.tokens);
  const [secret, setSecret] = useState<string | null>(null);
  const create = (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const days = Number(data.get('days'));
    void change(async () => {
      const made = await api.access.createToken(
        String(data.get('name')),
        String(data.get('role')),
        days > 0 ? days : null,
      );
      setSecret(made.secret);
      form.reset();
    });
  };
  return (
    <section class="panel" aria-labelledby="tokens-title">
      <h2 id="tokens-title">
        Tokens for programs <small>friday token</small>
      </h2>
      {items?.length === 0 && <p class="empty">None. A program, such as a pipeline, proves with a token who it is.</p>}
      {items && items.length > 0 && (
        <Table label="Tokens" heads={['Name', 'Role', 'Made', 'Expires', 'Used', '']}>
          {items.map((one) => (
            <TokenRow key={one.id} token={one} change={change} />
          ))}
        </Table>
      )}
      {secret && (
        <p class="secret">
          Shown this once: <code>{secret}</code>
        </p>
      )}
      <form onSubmit={create}>
        <label>
          Name
          <input name="name" required maxLength={64} autocomplete="off" />
        </label>
        <RolePick name="role" />
        <label>
          Days, 0 = for ever
          <input name="days" type="number" min={0} max={3650} value={90} />
        </label>
        <button type="submit" class="btn">
          Make a token
        </button>
      </form>
      <Said text={said} />
    </section>
  );
}

function TokenRow({ token, change }: { token: TokenView; change: Change }) {
  return (
    <tr>
      <th scope="row">{token.name}</th>
      <td class="n">{token.role}</td>
      <td class="n">
        <Time at={token.createdAt} /> <span class="mute">by {token.createdBy}</span>
      </td>
      <td class={`n ${token.isExpired ? 's-bad' : ''}`}>
        {token.expiresAt === null ? 'never' : <Time at={token.expiresAt} />}
      </td>
      <td class="n">
        <Time at={token.usedAt} />
      </td>
      <td class="r">
        <Sure
          label="Revoke"
          question={`Revoke ${token.name}?`}
          onYes={() => void change(() => api.access.revoke(token.id))}
        />
      </td>
    </tr>
  );
}
