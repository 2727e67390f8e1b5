// Failed requests by their cause, and which of them only the new version has.
import type { BlameView } from '../../../src/api/receipt-views.ts';
import type { ReleaseView } from '../../../src/api/views.ts';
import { countText } from '../format.ts';
import { CLASSES, FailedRequests } from './failed-requests.tsx';
import { lookAtGroup } from './looked.ts';
import { cursor } from './model.ts';

export function Failures({ view }: { view: ReleaseView }) {
  return (
    <section class="panel" aria-labelledby="failures-title">
      <h2 id="failures-title">
        Failed requests, grouped{' '}
        <small>{cursor.value === null ? 'samples, taken alike from both versions' : 'at the end of the release'}</small>
      </h2>
      {view.blame.length === 0 ? (
        <p class="empty">{view.failuresSeen === 0 ? 'No request has failed.' : 'No failed request was sampled.'}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Failed requests table">
          <table class="failures">
            <thead>
              <tr>
                <th scope="col">Request</th>
                <th scope="col">Status</th>
                <th scope="col">What failed</th>
                <th scope="col">Count</th>
                <th scope="col">Where</th>
                <th scope="col" class="wide-only">
                  Instance
                </th>
              </tr>
            </thead>
            <tbody>
              {view.blame.map((group) => (
                <Group key={keyOf(group)} view={view} group={group} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {view.lastLines.length > 0 && (
        <details class="last-lines">
          <summary>What the new version wrote last</summary>
          <pre class="mono">{view.lastLines.join('\n')}</pre>
        </details>
      )}
      <FailedRequests />
    </section>
  );
}

function keyOf({ route, status, failure, line }: BlameView): string {
  return `${route} ${status} ${failure} ${line}`;
}

function Group({ view, group }: { view: ReleaseView; group: BlameView }) {
  return (
    <tr class={group.mark === 'only' ? 'telling' : ''}>
      <th scope="row" class="mono">
        <button type="button" class="link mono" aria-haspopup="dialog" onClick={() => lookAtGroup(view, group)}>
          {group.route}
        </button>
      </th>
      <td class="n">{group.status}</td>
      <td class="mono what">{group.line ?? <span class="mute">{CLASSES[group.failure]}</span>}</td>
      <td class="n count">{countText(group.stable + group.candidate)}</td>
      <td class="where">
        <Where view={view} group={group} />
      </td>
      <td class="n mute wide-only">{group.instance}</td>
    </tr>
  );
}

function Where({ view, group }: { view: ReleaseView; group: BlameView }) {
  if (group.mark === 'only') return <span class="tag bad">▲ only v{view.version}</span>;
  if (group.mark === 'more') return <span class="tag warn">▲ more on v{view.version}</span>;
  if (group.stable > 0 && group.candidate > 0) return <span class="tag">both versions</span>;
  return <span class="tag">seen on v{group.candidate > 0 ? view.version : view.from}</span>;
}
