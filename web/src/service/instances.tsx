// The instances of a service: what state each is in, and what can be done to it.
import { useState } from 'preact/hooks';
import type { InstanceView, ServiceView } from '../../../src/api/views.ts';
import { bytesText, coresText, shortClockText, spanText, utcText } from '../format.ts';
import { now } from '../live.ts';
import type { Tone } from '../marks.ts';
import { ActButton, type Asked, Asking, actsOn, canStandIn } from './instance-acts.tsx';

const STATES: Readonly<Record<InstanceView['state'], readonly [string, Tone]>> = {
  ready: ['✓ ready', 'ok'],
  starting: ['◌ starting', 'run'],
  stopping: ['▾ stopping', 'mute'],
  exited: ['✕ ended', 'bad'],
};

const COLUMNS = [
  'Instance',
  'Version',
  'State',
  'Kept as',
  'CPU',
  'Memory',
  'Up',
  'Restarts',
  'Runs as',
  'Address',
] as const;

export function Instances({ service }: { service: ServiceView }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [said, setSaid] = useState('');
  const isOffered = service.instances.some((one) => actsOn(service, one).length > 0);
  const ask = (what: Asked) => {
    setSaid('');
    setAsked(what);
  };
  return (
    <section class="panel" aria-labelledby="instances-title">
      <h2 id="instances-title">
        Instances <small>{service.scale?.sentence ?? `${service.ready} of ${service.wanted} ready`}</small>
        {canStandIn(service) && service.instances.length > 1 && asked === null && (
          <button type="button" class="link" onClick={() => ask({ act: 'restart', instance: null })}>
            Restart all
          </button>
        )}
      </h2>
      {isOffered && asked !== null && (
        <Asking
          key={`${asked.act} ${asked.instance}`}
          service={service}
          asked={asked}
          onEnd={(words) => {
            setAsked(null);
            setSaid(words);
          }}
        />
      )}
      <p class={said === '' ? 'sr' : 'mute'} role="status">
        {said}
      </p>
      {service.instances.length === 0 ? (
        <p class="empty">None runs.</p>
      ) : (
        <Table service={service} onAsk={isOffered ? ask : null} />
      )}
    </section>
  );
}

type TableProps = { service: ServiceView; onAsk: ((asked: Asked) => void) | null };

function Table({ service, onAsk }: TableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Instances table">
      <table>
        <thead>
          <tr>
            {COLUMNS.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
            {onAsk && <th scope="col">Act</th>}
          </tr>
        </thead>
        <tbody>
          {service.instances.map((one) => (
            <Row key={one.id} service={service} one={one} onAsk={onAsk} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ service, one, onAsk }: TableProps & { one: InstanceView }) {
  return (
    <tr>
      <th scope="row">
        <a href={`/logs?service=${encodeURIComponent(service.name)}&instance=${encodeURIComponent(one.id)}`}>
          {one.id}
        </a>
      </th>
      <td class={`n ${one.role === 'candidate' ? 'v-c ver' : ''}`}>v{one.version}</td>
      <td>
        <State one={one} />
        {one.reason !== '' && <span class="mute reason-of"> {one.reason}</span>}
      </td>
      <td class="n">{one.role}</td>
      <td class="n">{coresText(one.cpu)}</td>
      <td class="n">{bytesText(one.memory)}</td>
      <td class="n" title={utcText(one.startedAt)}>
        {one.state === 'exited' ? '–' : spanText(now.value - one.startedAt)}
      </td>
      <td class={`n ${one.restarts > 0 ? 's-warn' : ''}`}>{one.restarts}</td>
      <td class="n mute">{one.handle}</td>
      <td class="n mute">{one.address}</td>
      {onAsk && (
        <td class="n row-acts">
          {actsOn(service, one).map((act) => (
            <ActButton key={act} service={service.name} asked={{ act, instance: one.id }} onAsk={onAsk} />
          ))}
        </td>
      )}
    </tr>
  );
}

/** What is drained still runs: that it gets no requests, and until when, is what matters. */
function State({ one: { state, drained } }: { one: InstanceView }) {
  const [words, tone] = STATES[state];
  if (!drained || (state !== 'ready' && state !== 'starting')) return <span class={`n tone-${tone}`}>{words}</span>;
  if (drained.outSince === null) return <span class="n tone-warn">▽ to be drained</span>;
  return (
    <span class="n tone-warn" title={`By ${drained.by}, until ${utcText(drained.until)} at the latest`}>
      ▽ drained until {shortClockText(drained.until)}
    </span>
  );
}
