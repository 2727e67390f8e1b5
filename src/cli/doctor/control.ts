// Whether the control plane runs, answers, and has nothing to complain of.
import type { Client } from '../../api/client.ts';
import type { StatusView } from '../../api/views.ts';
import { sentenceOf } from '../../core/failure.ts';
import { inLine } from '../screens/problem.ts';
import { bad, type Finding, off, ok, warn } from './check.ts';

export type Answer = { readonly status: StatusView | null; readonly findings: readonly Finding[] };

/** `pid` is what the control plane left in its state folder; null when nothing is there. */
export async function checkControl(client: Client, pid: number | null, version: string): Promise<Answer> {
  let status: StatusView;
  try {
    status = await client.status();
  } catch (error) {
    return { status: null, findings: [pid === null ? notRunning(error) : wasKilled(pid)] };
  }
  const name = `the control plane answers (pid ${status.pid}, friday ${status.version})`;
  const own =
    status.version === version
      ? ok(name)
      : warn(
          `${name}, and this is friday ${version}`,
          `kill ${status.pid} && friday up     what runs goes on meanwhile`,
        );
  const isStuck = !(await client.isReady());
  const stuck = isStuck
    ? [bad('its loop does not turn, so nothing moves on', `see its log, then: kill ${status.pid} && friday up`)]
    : [];
  const problems = status.problems.map((problem) => bad(inLine(problem), 'friday status'));
  const services = status.services
    .filter((one) => one.state === 'down' || one.state === 'degraded')
    .map((one) => (one.state === 'down' ? bad : warn)(`${one.name} is ${one.state}`, `friday status ${one.name}`));
  return { status, findings: [own, ...checkBalancer(status), ...stuck, ...problems, ...services] };
}

/** The embedded proxy outlives an upgrade; a new one takes its place only when it has ended. */
function checkBalancer({ balancer, version }: StatusView): Finding[] {
  if (balancer === undefined || balancer.version === version) return [];
  return [
    warn(
      `the balancer still is that of friday ${balancer.version} (pid ${balancer.pid}); the control plane is ${version}`,
      'friday down && friday up     when people can do without it for a moment',
      `kill -9 ${balancer.pid}     a new one is there after about a second; what is open is cut`,
    ),
  ];
}

function notRunning(error: unknown): Finding {
  if (error instanceof Error && error.name === 'Unreachable') {
    return off('the control plane is not running', 'friday up starts it');
  }
  return bad(inLine(sentenceOf(error)));
}

function wasKilled(pid: number): Finding {
  return bad(
    `the control plane (pid ${pid}) does not answer`,
    'friday up -n starts it again and changes nothing; what runs goes on meanwhile',
  );
}
