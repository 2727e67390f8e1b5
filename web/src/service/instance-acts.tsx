// What a person does to one instance, or to all of a service: asked once, in place, with the command that does the same.
import { useEffect, useState } from 'preact/hooks';
import type { InstanceView, ServiceView } from '../../../src/api/views.ts';
import { api, may, Problem } from '../api.ts';
import { onKey } from '../keys.ts';
import { Question } from '../parts/question.tsx';

type Verb = {
  readonly label: string;
  /** What is asked, and what is said when it was ordered. `what` is an id, or the words for all. */
  asks(what: string): string;
  says(what: string): string;
  /** The command, without the instance. */
  command(service: string): string;
  readonly flag: string;
  run(service: string, instance: string): Promise<ServiceView>;
};

const DRAIN = (service: string) => `friday drain ${service}`;

const VERBS = {
  restart: {
    label: 'Restart',
    asks: (what) => `Restart ${what}? Another one stands in first.`,
    says: (what) => `Restarting ${what}: another one stands in first.`,
    command: (service) => `friday restart ${service}`,
    flag: '',
    run: (service, instance) => api.restart(service, instance),
  },
  drain: {
    label: 'Drain',
    asks: (what) =>
      `Drain ${what}? Another one stands in first; this one runs on without requests, for an hour at most.`,
    says: (what) => `Draining ${what}: another one stands in first.`,
    command: DRAIN,
    flag: '',
    run: (service, instance) => api.drain(service, instance, 'out'),
  },
  back: {
    label: 'Bring back',
    asks: (what) => `Bring ${what} back into traffic? The one that stands in for it leaves.`,
    says: (what) => `Bringing ${what} back.`,
    command: DRAIN,
    flag: ' --back',
    run: (service, instance) => api.drain(service, instance, 'back'),
  },
  stop: {
    label: 'Stop',
    asks: (what) => `Stop ${what}? The one that stands in for it stays.`,
    says: (what) => `Stopping ${what}.`,
    command: DRAIN,
    flag: ' --stop',
    run: (service, instance) => api.drain(service, instance, 'stop'),
  },
} satisfies Record<string, Verb>;

export type InstanceAct = keyof typeof VERBS;

/** What is asked about: one instance, or (null, only for a restart) all of them. */
export type Asked = { readonly act: InstanceAct; readonly instance: string | null };

/** At most so many are drained of a service. */
const MAX_DRAINED = 2;

/** Fresh instances would answer for one of the versions that are compared, and others can stand in only behind the balancer. */
export function canStandIn({ isReleased, version, release, watch, state }: ServiceView): boolean {
  return isReleased && version !== null && release === null && watch === null && state !== 'stopped' && may('release');
}

/** What may be done to an instance now; only the end of a drain is open to it while versions are compared. */
export function actsOn(service: ServiceView, one: InstanceView): readonly InstanceAct[] {
  if (one.drained) {
    const stop = one.drained.outSince !== null && may('release') ? (['stop'] as const) : [];
    return canStandIn(service) ? ['back', ...stop] : stop;
  }
  if (!canStandIn(service) || one.role === 'leaving') return [];
  const isFull = service.instances.filter((other) => other.drained).length >= MAX_DRAINED;
  const isRunning = one.state === 'ready' || one.state === 'starting';
  return one.role === 'stable' && isRunning && !isFull ? ['restart', 'drain'] : ['restart'];
}

function commandOf(name: string, { act, instance }: Asked): string {
  const { command, flag } = VERBS[act];
  return `${command(name)}${instance === null ? '' : ` --instance ${instance}`}${flag}`;
}

export function ActButton({ service, asked, onAsk }: { service: string; asked: Asked; onAsk: (asked: Asked) => void }) {
  const { label } = VERBS[asked.act];
  return (
    <button
      type="button"
      class="link"
      aria-label={`${label} ${asked.instance}`}
      title={`The same in a terminal: ${commandOf(service, asked)}`}
      onClick={() => onAsk(asked)}
    >
      {label}
    </button>
  );
}

type AskingProps = { service: ServiceView; asked: Asked; onEnd: (words: string) => void };

export function Asking({ service: { name }, asked, onEnd }: AskingProps) {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Problem | null>(null);
  const { act, instance } = asked;
  const verb = VERBS[act];
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
      await (instance === null ? api.restart(name, null) : verb.run(name, instance));
      onEnd(verb.says(what));
    } catch (error) {
      setRefusal(error instanceof Problem ? error : new Problem(0, String(error)));
      setBusy(false);
    }
  };
  return (
    <Question
      question={verb.asks(what)}
      command={commandOf(name, asked)}
      isBusy={isBusy}
      refusal={refusal}
      onYes={run}
      onNo={() => onEnd('')}
    />
  );
}
