// One line for each service, hundreds of them: only what changed is drawn anew.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RangeView } from '../../../src/api/live-views.ts';
import type { ServiceView } from '../../../src/api/views.ts';
import { bytesText, coresText, latencyText, percent, rateText } from '../format.ts';
import { kept } from '../kept.ts';
import { serviceMark } from '../marks.ts';
import { type Beat, Heartbeat } from '../parts/heartbeat.tsx';
import { useNumbers } from '../parts/numbers.ts';

const MINUTE_S = 60;
const MINUTES = 60;
const ORDER: Readonly<Record<ServiceView['state'], number>> = {
  down: 0,
  degraded: 1,
  releasing: 2,
  healthy: 3,
  completed: 4,
  stopped: 5,
};
/** Beyond these a filter is offered. */
const MANY_SERVICES = 8;

/** What is seen without scrolling is drawn first, the rest a moment later. */
const FIRST_ROWS = 30;
const BY_NAME = new Intl.Collator();

type Beats = ReadonlyMap<string, readonly Beat[]>;

/** By trouble, then movement, then name. */
export function Services({ services }: { services: readonly ServiceView[] }) {
  const [words, setWords] = useState('');
  const [isWhole, setWhole] = useState(services.length <= FIRST_ROWS);
  useEffect(() => {
    const timer = setTimeout(() => setWhole(true), 0);
    return () => clearTimeout(timer);
  }, []);
  const beats = useBeats(useNumbers({ metric: 'requests,errors', step: MINUTE_S }, 15_000));
  const sorted = useMemo(
    () =>
      services.toSorted((one, other) => ORDER[one.state] - ORDER[other.state] || BY_NAME.compare(one.name, other.name)),
    [services],
  );
  const isFound = ({ name }: ServiceView) => name.toLowerCase().includes(words.trim().toLowerCase());
  const count = services.filter(isFound).length;
  return (
    <section class="panel" aria-labelledby="services-title">
      <h2 id="services-title">
        Services{' '}
        {services.length > MANY_SERVICES && (
          <input
            type="search"
            aria-label="Filter services"
            placeholder={`filter ${services.length}`}
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        )}
        <small role="status">{words !== '' && `${count} of ${services.length}`}</small>
      </h2>
      {count === 0 && (
        <p class="empty">{services.length === 0 ? 'No service is there yet.' : 'No service is called that.'}</p>
      )}
      {services.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Services table" hidden={count === 0}>
          <table class="services">
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">Version</th>
                <th scope="col">Last 60 min, a bar a minute</th>
                <th scope="col" class="r">
                  Req/s
                </th>
                <th scope="col" class="r">
                  Errors
                </th>
                <th scope="col" class="r">
                  p95
                </th>
                <th scope="col" class="r">
                  CPU
                </th>
                <th scope="col" class="r">
                  Memory
                </th>
                <th scope="col" class="r">
                  Ready
                </th>
              </tr>
            </thead>
            <tbody>
              {(isWhole ? sorted : sorted.slice(0, FIRST_ROWS)).map((one) => (
                <Row key={one.name} service={one} beats={beats.get(one.name) ?? NO_BEATS} isHidden={!isFound(one)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const NO_BEATS: readonly Beat[] = Array.from({ length: MINUTES }, () => ({ requests: null, errors: null }));

/** Those of a service are the same objects as long as they say the same. */
function useBeats(range: RangeView | null): Beats {
  const before = useRef<Beats>(new Map());
  return useMemo(() => {
    before.current = beatsIn(range, before.current);
    return before.current;
  }, [range]);
}

function beatsIn(range: RangeView | null, before: Beats): Beats {
  const found = new Map<string, readonly Beat[]>();
  const series = Map.groupBy(range?.series ?? [], (one) => one.service);
  for (const [service, own] of series) {
    const values = (metric: string) => own.find((one) => one.metric === metric)?.values;
    const [requests, errors] = [values('requests'), values('errors')];
    const at = (all: readonly (number | null)[] | undefined, i: number) => all?.[all.length - MINUTES + i] ?? null;
    const beats = NO_BEATS.map((_, i) => ({ requests: at(requests, i), errors: at(errors, i) }));
    found.set(service, kept(before.get(service), beats));
  }
  return found;
}

type RowProps = { readonly service: ServiceView; readonly beats: readonly Beat[]; readonly isHidden: boolean };

/** A service that did not change gives the very same picture, which is not compared again. */
function Row({ service, beats, isHidden }: RowProps) {
  const strip = useMemo(() => <Heartbeat beats={beats} name={service.name} />, [beats, service.name]);
  const names = useMemo(() => <Names service={service} />, [service]);
  const numbers = useMemo(() => <Numbers service={service} />, [service]);
  return (
    <tr title={service.sentence} hidden={isHidden}>
      {names}
      <td class="beats-cell">{service.isReleased ? strip : <span class="mute">not behind the balancer</span>}</td>
      {numbers}
    </tr>
  );
}

function Names({ service }: { service: ServiceView }) {
  const mark = serviceMark(service);
  return (
    <>
      <th scope="row">
        <span class={`glyph tone-${mark.tone}`} role="img" aria-label={mark.word} title={mark.word}>
          {mark.glyph}
        </span>{' '}
        <a href={`/services/${encodeURIComponent(service.name)}`}>{service.name}</a>
      </th>
      <td class="n version">
        {service.version !== null && <span class={service.candidate === null ? '' : 'v-s'}>v{service.version}</span>}
        {service.candidate !== null && (
          <>
            {service.version !== null && ' → '}
            <a class="v-c ver" href={`/releases/${service.release}`}>
              v{service.candidate}
            </a>
          </>
        )}
      </td>
    </>
  );
}

function Numbers({ service }: { service: ServiceView }) {
  const { traffic, scale } = service;
  return (
    <>
      <td class="n r rate">{rateText(traffic?.requestsPerSecond)}</td>
      <td class={`n r errors ${(traffic?.errorShare ?? 0) >= 0.01 ? 's-bad' : ''}`}>{percent(traffic?.errorShare)}</td>
      <td class="n r slow">{latencyText(traffic?.latencyP95Ms)}</td>
      <td class="n r cpu">{coresText(service.cpu)}</td>
      <td class="n r memory">{bytesText(service.memory)}</td>
      <td class={`n r ready ${service.ready < service.wanted ? 's-warn' : ''}`}>
        {service.ready} of {service.wanted}
        {scale && (
          <span class="mute">
            {' '}
            ({scale.min}–{scale.max})
          </span>
        )}
      </td>
    </>
  );
}
