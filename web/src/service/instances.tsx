// The instances of a service, and a restart of one or all of them: asked once, in place, with the command that does the same.
import { useEffect, useState } from 'preact/hooks';
import type { InstanceView, ServiceView } from '../../../src/api/views.ts';
import { api, may, Problem } from '../api.ts';
import { bytesText, coresText, spanText, utcText } from '../format.ts';
import { onKey } from '../keys.ts';
import { now } from '../live.ts';
import type { Tone } from '../marks.ts';
import { Question } from '../parts/question.tsx';

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

/** What is asked about: one instance, or all of them. */
type Asked = { readonly instance: string | null };

/** Fresh instances would answer for one of the versions that are compared, and others can stand in only behind the balancer. */
function canRestart({ isReleased, version, release, watch, state }: ServiceView): boolean {
  return isReleased && version !== null && release === null && watch === null && state !== 'stopped' && may('release');
}

export function Instances({ service }: { service: ServiceView }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [said, setSaid] = useState('');
  const isOffered = canRestart(service);
  const ask = (instance: string | null) => {
    setSaid('');
    setAsked({ instance });
  };
  return (
    <section class="panel" aria-labelledby="instances-title">
      <h2 id="instances-title">
        Instances <small>{service.scale?.sentence ?? `${service.ready} of ${service.wanted} ready`}</small>
        {isOffered && service.instances.length > 1 && asked === null && (
          <button type="button" class="link" onClick={() => ask(null)}>
            Restart all
          </button>
        )}
      </h2>
      {isOffered && asked !== null && (
        <Restart
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
        <Table service={service} onRestart={isOffered ? ask : null} />
      )}
    </section>
  );
}

function Restart({ service, asked, onEnd }: { service: ServiceView; asked: Asked; onEnd: (words: string) => void }) {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Problem | null>(null);
  const { name } = service;
  const { instance } = asked;
  const what = instance ?? `all instances of ${name}, one after the other`;
  useEffect(
    () =>
      onKey((key, event) => {
        if (key !== 'escape') return;
        onEnd('');
        event.preventDefault();
      }),
    [onEnd],
  );
  const run = async () => {
    setBusy(true);
    setRefusal(null);
    try {
      await api.restart(name, instance);
      onEnd(`Restarting ${what}: another one stands in first.`);
    } catch (error) {
      setRefusal(error instanceof Problem ? error : new Problem(0, String(error)));
      setBusy(false);
    }
  };
  return (
    <Question
      question={`Restart ${what}? Another one stands in first.`}
      command={`friday restart ${name}${instance === null ? '' : ` --instance ${instance}`}`}
      isBusy={isBusy}
      refusal={refusal}
      onYes={run}
      onNo={() => onEnd('')}
    />
  );
}

type TableProps = { service: ServiceView; onRestart: ((instance: string) => void) | null };

function Table({ service, onRestart }: TableProps) {
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
            {onRestart && <th scope="col">Act</th>}
          </tr>
        </thead>
        <tbody>
          {service.instances.map((one) => (
            <Row key={one.id} service={service} one={one} onRestart={onRestart} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ service, one, onRestart }: TableProps & { one: InstanceView }) {
  return (
    <tr>
      <th scope="row">
        <a href={`/logs?service=${encodeURIComponent(service.name)}&instance=${encodeURIComponent(one.id)}`}>
          {one.id}
        </a>
      </th>
      <td class={`n ${one.role === 'candidate' ? 'v-c ver' : ''}`}>v{one.version}</td>
      <td>
        <span class={`n tone-${STATES[one.state][1]}`}>{STATES[one.state][0]}</span>
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
      {onRestart && (
        <td class="n">
          {one.role !== 'leaving' && (
            <button
              type="button"
              class="link"
              aria-label={`Restart ${one.id}`}
              title={`The same in a terminal: friday restart ${service.name} --instance ${one.id}`}
              onClick={() => onRestart(one.id)}
            >
              Restart
            </button>
          )}
        </td>
      )}
    </tr>
  );
}
