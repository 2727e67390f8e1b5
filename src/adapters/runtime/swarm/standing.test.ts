// Tests of what is made of the words of a Swarm.
import { describe, expect, it } from 'vitest';
import { LABELS } from './labels.ts';
import { stampedIn } from './logs.ts';
import { SwarmNode, SwarmService, SwarmTask } from './objects.ts';
import { releasedSpec, stoppedSpec } from './service-spec.ts';
import { addressOf, standings } from './standing.ts';

const at = (second: number) => new Date(1_790_000_000_000 + second * 1000).toISOString();
const ms = (second: number) => Date.parse(at(second));

function node(name: string, state = 'ready') {
  return SwarmNode.parse({
    ID: name,
    Version: { Index: 1 },
    Spec: { Labels: null, Role: 'worker', Availability: 'active' },
    Description: { Hostname: name },
    Status: { State: state, Addr: '10.0.0.2' },
  });
}

function service(labels: Readonly<Record<string, string>> = {}, order = 1) {
  const own = {
    [LABELS.id]: 'web-v1-1',
    [LABELS.service]: 'web',
    [LABELS.version]: '1',
    [LABELS.slot]: '1',
    [LABELS.port]: '80',
  };
  const Spec = {
    Name: 'p_web-v1-1',
    Labels: { ...own, ...labels },
    TaskTemplate: { ForceUpdate: order, Runtime: 'container' },
  };
  return SwarmService.parse({ ID: 's', Version: { Index: 1 }, CreatedAt: at(0), UpdatedAt: at(0), Spec });
}

type Given = {
  readonly id?: string;
  readonly on?: string;
  readonly created?: number;
  readonly state?: string;
  readonly desired?: string;
};

function task(
  { id = 't1', on = 'n2', created = 1, state = 'running', desired = 'running' }: Given,
  status: object = {},
) {
  return SwarmTask.parse({
    ID: id,
    ServiceID: 's',
    NodeID: on,
    CreatedAt: at(created),
    DesiredState: desired,
    Spec: { ForceUpdate: 1 },
    Status: {
      Timestamp: at(created + 2),
      State: state,
      ContainerStatus: { ContainerID: 'c', ExitCode: 0 },
      PortStatus: { Ports: [{ TargetPort: 80, PublishedPort: 32_768 }] },
      ...status,
    },
  });
}

const exitCode = (ExitCode: number) => ({ ContainerStatus: { ContainerID: 'c', ExitCode } });
const stand = (tasks: readonly SwarmTask[], nodes = [node('n2')], one = service()) =>
  standings({ services: [one], tasks, nodes })[0];

describe('an instance on a Swarm', () => {
  it('runs at the address of its node and the port that this picked', () => {
    expect(stand([task({})])).toMatchObject({
      ...{ id: 'web-v1-1', service: 'web', version: 1, slot: 1, state: 'running' },
      ...{ host: '10.0.0.2', port: 32_768, startedAt: ms(1), exit: null, former: null, hostname: 'n2' },
    });
  });

  it('is starting until Swarm made a task of its last order, and says what Swarm waits for', () => {
    expect(stand([])).toMatchObject({ state: 'starting', port: 0 });
    expect(stand([task({ state: 'failed' })], [node('n2')], service({}, 2))).toMatchObject({
      state: 'starting',
      exit: null,
    });
    const waits = task({ on: '', state: 'pending' }, { Err: 'no suitable node (insufficient memory)' });
    expect(stand([waits])?.reason).toBe('Swarm has it pending: no suitable node (insufficient memory)');
  });

  it('has ended while Swarm waits before the next task, and then runs with the end of the one before', () => {
    const ended = task({ state: 'failed', desired: 'shutdown' }, exitCode(3));
    const next = { id: 't2', created: 4 };
    const exit = { at: ms(3), code: 3, signal: null };
    expect(stand([ended, task({ ...next, state: 'ready', desired: 'ready' })])).toMatchObject({
      state: 'exited',
      exit,
      isHealing: true,
    });
    expect(stand([ended, task(next)])).toMatchObject({ state: 'running', exit: null, former: exit, startedAt: ms(4) });
  });

  it('tells a signal from a status, and what a node refused', () => {
    expect(stand([task({ state: 'failed' }, exitCode(137))])?.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    const refused = task({ state: 'rejected' }, { Err: '"No such image: sha256:1"', ContainerStatus: null });
    expect(stand([refused])?.exit).toMatchObject({ code: null, why: 'No such image: sha256:1' });
  });

  it('that was on a node that is lost ended there, and goes on elsewhere', () => {
    const lost = task({ desired: 'shutdown' });
    const next = task({ id: 't2', on: 'n3', created: 9 });
    expect(stand([lost, next], [node('n2', 'down'), node('n3')])).toMatchObject({
      ...{
        state: 'running',
        hostname: 'n3',
        former: { at: ms(9), code: null, signal: null, why: 'its node n2 is lost' },
      },
    });
  });

  it('that was asked to stop is stopping until its task has ended, whatever Swarm plans next', () => {
    const asked = service({ [LABELS.stoppedAt]: String(ms(5)) });
    const parked = task({ id: 't2', on: '', created: 6, state: 'pending' });
    expect(stand([task({ desired: 'shutdown' }), parked], undefined, asked)?.state).toBe('stopping');
    const ended = task({ state: 'shutdown', desired: 'shutdown' }, exitCode(143));
    expect(stand([ended, parked], undefined, asked)).toMatchObject({ state: 'exited', exit: { signal: 'SIGTERM' } });
    expect(stand([parked], undefined, asked)).toMatchObject({ state: 'exited', exit: { at: ms(5), code: null } });
  });

  it('keeps everything of its service when it is stopped or let go from its node', () => {
    const held = service({
      [LABELS.pinnedAt]: '5',
      [LABELS.pinnedTo]: 'n2',
      [LABELS.constraints]: '["node.role==worker"]',
    });
    expect(releasedSpec(held)).toMatchObject({
      TaskTemplate: { Runtime: 'container', Placement: { Constraints: ['node.role==worker'] } },
    });
    expect(releasedSpec(service())).toBeNull();
    expect(stoppedSpec(held, 7)).toMatchObject({ Name: 'p_web-v1-1', Labels: { [LABELS.stoppedAt]: '7' } });
  });
});

describe('a node', () => {
  it('that does not know its own address is found by that of its manager', () => {
    const leader = { ...node('n1'), Status: { State: 'ready', Message: '', Addr: '0.0.0.0' } };
    expect(addressOf({ ...leader, ManagerStatus: { Leader: true, Addr: '10.0.0.1:2377' } })).toBe('10.0.0.1');
  });
});

describe('the output of a Swarm service', () => {
  it('is taken out of its frames, with its times', () => {
    const frame = (text: string) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    expect(stampedIn(Buffer.concat([frame(`${at(1)} one\n`), frame(`${at(2)} two and more\n`)]))).toEqual([
      { stamp: at(1), text: 'one' },
      { stamp: at(2), text: 'two and more' },
    ]);
    expect(stampedIn(frame('cut').subarray(0, 6))).toEqual([]);
  });
});
