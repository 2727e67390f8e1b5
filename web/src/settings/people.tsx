// People and their roles, and links that let them in.
import { useState } from 'preact/hooks';
import type { PersonView } from '../../../src/api/access-views.ts';
import { api } from '../api.ts';
import { type Change, RolePick, Said, Sure, Table, Time, useList } from './parts.tsx';

export function People() {
  const { items, said, change } = useList(api.access.people);
  const [link, setLink] = useState<{ name: string; url: string } | null>(null);
  const add = (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    void change(() => api.access.addPerson(String(data.get('name')), String(data.get('role')))).then(() =>
      form.reset(),
    );
  };
  return (
    <section class="panel" aria-labelledby="people-title">
      <h2 id="people-title">
        People <small>friday user</small>
      </h2>
      {items?.length === 0 && <p class="empty">Nobody but who may use this machine. Let somebody in:</p>}
      {items && items.length > 0 && (
        <Table label="People" heads={['Name', 'Role', 'Signs in with', 'Let in', 'Sessions', 'Seen', '']}>
          {items.map((one) => (
            <PersonRow key={one.name} person={one} change={change} onLink={setLink} />
          ))}
        </Table>
      )}
      {link && (
        <p class="secret">
          For {link.name}, once, within 10 minutes: <code>{link.url}</code>
        </p>
      )}
      <form onSubmit={add}>
        <label>
          Name
          <input name="name" required maxLength={64} autocomplete="off" />
        </label>
        <RolePick name="role" />
        <button type="submit" class="btn">
          Let in
        </button>
      </form>
      <Said text={said} />
    </section>
  );
}

function PersonRow({
  person,
  change,
  onLink,
}: {
  person: PersonView;
  change: Change;
  onLink: (link: { name: string; url: string }) => void;
}) {
  const { name, role } = person;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <RolePick
          name={`role of ${name}`}
          value={role}
          onPick={(next) => void change(() => api.access.changeRole(name, next))}
        />
      </td>
      <td class="n">{person.hasPassword ? 'password, links' : 'links'}</td>
      <td class="n">
        <Time at={person.createdAt} /> <span class="mute">by {person.createdBy}</span>
      </td>
      <td class="n">{person.sessions}</td>
      <td class="n">
        <Time at={person.seenAt} />
      </td>
      <td class="n r">
        <button
          type="button"
          class="btn small"
          onClick={() => void change(async () => onLink(await api.access.link(name)))}
        >
          Make a link
        </button>
        <Sure
          label="Remove"
          question={`Remove ${name}?`}
          onYes={() => void change(() => api.access.removePerson(name))}
        />
      </td>
    </tr>
  );
}
