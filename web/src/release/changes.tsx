// What a release changes in the settings of its service, compared with the version before.
import { Fragment } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DifferencesView } from '../../../src/api/difference-views.ts';
import { api } from '../api.ts';

export function Changes({ id }: { id: number }) {
  const [changes, setChanges] = useState<DifferencesView | null>(null);
  useEffect(() => {
    setChanges(null);
    void api.changes(id).then(setChanges, () => undefined);
  }, [id]);
  if (changes === null || changes.from === null) return null;
  const { from, isKnown, isSameCode, settings } = changes;
  return (
    <section class="panel" aria-labelledby="changes-title">
      <h2 id="changes-title">
        Settings{' '}
        <small>
          compared with v{from}
          {isSameCode && ', whose code is the same'}
        </small>
      </h2>
      {!isKnown && <p class="empty">One of the two versions is not kept any more.</p>}
      {isKnown && settings.length === 0 && <p class="empty">Nothing else changed.</p>}
      {settings.length > 0 && <Settings settings={settings} />}
    </section>
  );
}

function Settings({ settings }: { settings: DifferencesView['settings'] }) {
  return (
    <dl class="facts settings">
      {settings.map(({ setting, from, to, isHidden, words }) => (
        <Fragment key={setting}>
          <dt class="mono">{setting}</dt>
          <dd class="mono">
            {isHidden ? words.slice(setting.length + 2) : `${from ?? 'not set'} → ${to ?? 'not set'}`}
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
