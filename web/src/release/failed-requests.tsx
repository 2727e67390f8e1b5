// Single failed requests, one by one: what was asked, what came of it, who answered, and what was written then.
import { clockText, countText, latencyText, utcText } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { type Failed, logsAround } from './failed.ts';
import { type Looked, looked } from './looked.ts';

export const CLASSES: Readonly<Record<Failed['failure'], string>> = {
  status: 'answered with an error',
  timeout: 'timed out',
  connection: 'the connection was cut',
  deadline: 'no answer in time',
};

export function FailedRequests() {
  const now = looked.value;
  const close = () => {
    looked.value = null;
  };
  return (
    <Dialog label={now?.title ?? 'Failed requests'} class="window" isOpen={now !== null} onClose={close}>
      {now && <Inside now={now} close={close} />}
    </Dialog>
  );
}

function Inside({ now, close }: { now: Looked; close: () => void }) {
  const { title, words, line, failed } = now;
  return (
    <>
      <div class="window-head">
        <h2>{title}</h2>
        <button type="button" class="btn small" onClick={close}>
          Close<kbd>esc</kbd>
        </button>
      </div>
      {words !== '' && <p>{words}</p>}
      {line !== null && <pre class="mono">{line}</pre>}
      {failed.length === 0 ? (
        <p class="empty">
          No single one of them is kept: of each kind the newest are, and only the counts of the rest.
        </p>
      ) : (
        <ol class="failed">
          {failed.map((one) => (
            <One
              key={`${one.instance} ${one.traceId} ${one.at}`}
              one={one}
              href={logsAround(now.view, one)}
              close={close}
            />
          ))}
        </ol>
      )}
      {failed.length > 1 && (
        <p class="foot">{countText(failed.length)} that are kept. Paths are without what follows the “?”.</p>
      )}
    </>
  );
}

function One({ one, href, close }: { one: Failed; href: string; close: () => void }) {
  return (
    <li>
      <p class="mono asked">
        <b>{one.method}</b> {one.path}
      </p>
      <dl class="facts">
        <dt>Answer</dt>
        <dd>
          <b class="s-bad">{one.status}</b>, {CLASSES[one.failure]} after {latencyText(one.ms)}
        </dd>
        <dt>When</dt>
        <dd>
          <time dateTime={new Date(one.at).toISOString()} title={utcText(one.at)}>
            {clockText(one.at)}
          </time>
        </dd>
        <dt>Instance</dt>
        <dd>
          {one.instance === '' ? 'not known' : one.instance}, v{one.version}
        </dd>
        {one.traceId !== '' && (
          <>
            <dt>Trace id</dt>
            <dd class="mono">{one.traceId}</dd>
          </>
        )}
      </dl>
      <a href={href} onClick={close}>
        What it wrote then
      </a>
    </li>
  );
}
