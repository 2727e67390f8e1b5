// Tests of one turn as a whole: what it asks for, in which order, and that it can be repeated.
import { describe, expect, it } from 'vitest';
import { startEvidence } from './evidence.ts';
import { orderPromote } from './orders.ts';
import { isOver, type Release, startRelease } from './release.ts';
import { memoryOf, serviceWith, specFor, versionFor } from './service.fixture.ts';
import { type ServiceState, startQueued } from './service.ts';
import { type Act, decide, type InstanceSeenNow, type Memory, type Turn, type World } from './turn.ts';

const NOW = 1_000_000;

function instance(version: number, slot: number, rest: Partial<InstanceSeenNow> = {}): InstanceSeenNow {
  const id = `web-v${version}-${slot}`;
  const place = { id, service: 'web', version, slot, host: '127.0.0.1', port: 20_000 + 10 * version + slot };
  return { ...place, state: 'ready', startedAt: NOW - 9000, reason: '', exit: null, ...rest };
}

function world(instances: readonly InstanceSeenNow[], rest: Partial<World> = {}): World {
  const unseen = { balancer: null, observations: null, lastLines: {}, troubles: {} };
  return { now: NOW, elapsedMs: 1000, instances, ...unseen, ...rest };
}

/** What the balancer says once it has done as the turn asked. */
function obeyed({ memory }: Turn, instances: readonly InstanceSeenNow[]): World {
  const services = memory.table.services.map(({ service, epoch, weight }) => ({ service, epoch, weight }));
  return world(instances, { balancer: { revision: memory.table.revision, services, open: {}, listening: [] } });
}

function releasing(): ServiceState {
  const begun = { id: 2, version: 2, from: 1, isDirect: false, salt: 's', now: NOW - 5000, by: 'anna', reason: '' };
  const release = startRelease({ ...begun, spec: specFor() });
  return serviceWith([versionFor(1), versionFor(2)], { release });
}

const all = [instance(1, 1), instance(1, 2), instance(2, 1), instance(2, 2)];
const kinds = (acts: readonly Act[]) => acts.map((act) => act.type);

describe('a turn', () => {
  it('without services asks the balancer for nothing', () => {
    const first = decide(memoryOf(), world([]));
    expect(first.acts).toEqual([]);
    expect(decide(first.memory, world([])).acts).toEqual([]);
  });

  it('says the same twice, and asks for nothing more once it is done', () => {
    const memory = memoryOf(releasing());
    const turn = decide(memory, world(all));
    expect(decide(memory, world(all))).toEqual(turn);
    let done = turn;
    for (let i = 0; i < 3; i += 1) done = decide(done.memory, obeyed(done, all));
    expect([done.acts, done.events]).toEqual([[], []]);
    expect(decide(done.memory, obeyed(done, all)).memory).toEqual(done.memory);
  });

  it('asks for a table until the balancer has it, with a higher revision than the one that it has', () => {
    const asked = decide(memoryOf(releasing()), world(all));
    expect(kinds(asked.acts)).toEqual(['apply']);
    expect(kinds(decide(asked.memory, world(all)).acts)).toEqual(['apply']);
    const balancer = { revision: 40, services: [], open: {}, listening: [] };
    const ahead = decide(asked.memory, world(all, { balancer }));
    expect(ahead.acts).toEqual([{ type: 'apply', table: { ...asked.memory.table, revision: 41 } }]);
  });

  it('changes the table before it starts, stops and forgets', () => {
    const web = serviceWith([versionFor(1)]);
    const old = instance(3, 2, { state: 'exited', exit: { at: 5, code: 0, signal: null } });
    const settled = decide(memoryOf(web), world([instance(1, 1), instance(3, 1), old]));
    const later = decide(settled.memory, obeyed(settled, [instance(1, 1, { state: 'starting' }), instance(3, 1), old]));
    expect(kinds(later.acts)).toEqual(['apply', 'start', 'stop', 'remove']);
  });
});

describe('the end of a release', () => {
  const promoting = () => {
    const web = releasing();
    const release = web.release && { ...web.release, phase: 'promoting' as const, step: 2, weight: 100 };
    const turn = decide(memoryOf({ ...web, release }), world(all));
    return decide(turn.memory, obeyed(turn, all));
  };

  it('makes the candidate stable and keeps the version before it warm', () => {
    const { memory, events } = promoting();
    expect(memory.services.web).toMatchObject({ stable: 2, release: null, lineage: [1], warm: { version: 1 } });
    expect(events.map((event) => event.sentence)).toEqual([
      'v2 of web has 100% of traffic. v1 finishes its open requests.',
    ]);
    const later = decide(memory, { ...world(all), now: NOW + 1000 });
    expect(kinds(later.acts)).not.toContain('stop');
  });

  it('does not lose the requests of its last seconds, which are counted later', () => {
    const { memory } = promoting();
    const count = (version: number) => ({
      version,
      requests: 10,
      failures: { status: 1, timeout: 0, connection: 0, deadline: 0 },
      firstFailures: 0,
      latency: [],
    });
    const base = { seq: 1, service: 'web', tick: 999, epoch: 1, weight: 100, samples: [] };
    const rest = { outside: { requests: 0, failures: 0 }, seen: { answers: 20, failures: 2, refused: 0 } };
    const cell = { ...base, ...rest, stable: count(1), candidate: count(2) };
    const after = { ...cell, seq: 2, epoch: 2, weight: 0, stable: count(2), candidate: null };
    const observations = { cursor: { boot: 'b', seq: 2 }, lost: 0, closedUpTo: 1000, cells: [cell, after] };
    const late = decide(memory, { ...world(all, { observations }), now: NOW + 60_000 });
    expect(late.memory.evidence[2]).toMatchObject({
      candidate: { requests: 10, failures: 1 },
      seen: { failures: 2, refused: 0 },
    });
  });

  it('remembers the weights that people gave a release between two looks', () => {
    const first = decide(memoryOf(releasing()), world(all));
    const given = { now: NOW + 500, by: 'ben', reason: '', salt: 's' };
    const ordered = orderPromote(first.memory, 'web', { to: 40, version: null }, given);
    const { memory } = decide(ordered.memory, world(all, { now: NOW + 1000 }));
    expect(memory.evidence[2]?.weights.map((one) => one.weight)).toEqual([5, 40]);
  });

  it('begins the release that waits, with an event of its own', () => {
    const web = releasing();
    const release = web.release && { ...web.release, phase: 'rolling_back' as const };
    const queued = { id: 3, version: 1, isDirect: false, salt: 't', by: 'ben', reason: '' };
    const turn = decide(memoryOf({ ...web, release, queued }), world(all));
    const { memory, events } = decide(turn.memory, obeyed(turn, all));
    expect(memory.services.web).toMatchObject({ queued: null, release: { id: 3, phase: 'starting' }, last: { id: 2 } });
    expect(events.map((event) => [event.release, event.data.phase])).toEqual([
      [2, 'rolled_back'],
      [3, 'starting'],
    ]);
    const ended = memory.services.web?.last;
    expect(ended && isOver(ended)).toBe(true);
    expect(startQueued({ ...web, queued }, NOW)).toEqual({ ...web, queued });
  });
});

/** web with a release at 5 % whose judge has stopped, since its rules have changed. */
function unjudged(rest: Partial<Release>): Memory {
  const web = releasing();
  if (web.release === null) throw new Error('nothing is released');
  const release: Release = { ...web.release, phase: 'ramping', step: 0, weight: 5, bakingSince: NOW - 60_000, ...rest };
  const { judge, ...evidence } = startEvidence(release);
  const stopped = { ...evidence, judge: judge && { ...judge, hash: 'of other rules' } };
  return { ...memoryOf({ ...web, release }), evidence: { 2: stopped } };
}

describe('a release whose judge cannot go on', () => {
  it('pauses with a word to people, and only once', () => {
    const { memory, events } = decide(unjudged({}), world(all));
    expect(memory.services.web?.release).toMatchObject({ phase: 'paused', asked: ['rules'], weight: 5 });
    expect(events.map((event) => event.sentence)).toEqual([
      expect.stringMatching(/^The rules of judging changed while v2 of web .* promote it or roll it back\.$/),
    ]);
    const sentOn = decide(unjudged({ asked: ['rules'] }), world(all));
    expect(sentOn.memory.services.web?.release).toMatchObject({ phase: 'ramping', weight: 5 });
  });
});

describe('a release that was held', () => {
  it('says that it goes on, whatever it waits for next', () => {
    const { memory, events } = decide(unjudged({ asked: ['rules'], held: 'Both fail.' }), world(all));
    expect(memory.services.web?.release).toMatchObject({ held: null, phase: 'ramping' });
    expect(events.map(({ type, sentence }) => [type, sentence])).toEqual([
      ['release_held', 'v2 of web goes on: v1 and v2 together fail no more than they may.'],
    ]);
  });
});

describe('a release that an older version of fridaymorning began', () => {
  it('goes on by its steps and its judge, without the rules that were not there', () => {
    const web = releasing();
    const { ramp, approvals, wanted, rampingSince, asked, held, slow, slo, judging, ...old } = web.release ?? {};
    const release = { ...old, phase: 'ramping', step: 0, weight: 5, bakingSince: NOW - 60_000 } as never;
    const { guards, ...evidence } = startEvidence(release);
    const memory = { ...memoryOf({ ...web, release }), evidence: { 2: evidence } };
    const turn = decide(memory, world(all));
    expect(turn.memory.services.web?.release).toMatchObject({ phase: 'waiting_for_traffic', weight: 5 });
    expect(turn.memory.evidence[2]?.guards).toBeUndefined();
  });
});
