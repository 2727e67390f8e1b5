// friday doctor: looks at everything that must be right here, and says what to do about the rest.
import type { ExitCode } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import type { ReadResult } from '../../core/spec/read.ts';
import { presentIn } from '../../server/present.ts';
import type { Call } from '../call.ts';
import { ownPlace } from '../connect.ts';
import { checkCertificates } from '../doctor/certificates.ts';
import { bad, type Finding } from '../doctor/check.ts';
import { checkControl } from '../doctor/control.ts';
import { checkDocker } from '../doctor/docker.ts';
import { checkHaproxy } from '../doctor/haproxy.ts';
import { checkFolders, checkNode, checkProc, checkPrograms, checkStateDir } from '../doctor/machine.ts';
import { checkNotify } from '../doctor/notify.ts';
import { checkFile, checkPorts, checkReadiness } from '../doctor/project.ts';
import { checkSwarm } from '../doctor/swarm.ts';
import { readProjectOf } from '../open.ts';
import { doctorScreen } from '../screens/doctor.ts';
import { inLine } from '../screens/problem.ts';
import { ownVersion } from '../version.ts';

/** Exit code 1 when there is a problem; warnings are none. */
export async function doctor(call: Call, options: { readonly notify?: true | undefined } = {}): Promise<ExitCode> {
  const { terminal } = call;
  const looked = call.flags.host === null ? await examineHere(call) : await examineThere(call);
  const findings = options.notify ? [...looked, ...(await checkNotify(await call.connect()))] : looked;
  const hasProblem = findings.some((one) => one.state === 'bad');
  terminal.answer(doctorScreen(findings, { width: terminal.width, color: terminal.hasColour }));
  terminal.json({ isWell: !hasProblem, findings });
  return hasProblem ? 1 : 0;
}

async function examineThere(call: Call): Promise<Finding[]> {
  const version = ownVersion();
  const client = await call.connect();
  return [checkNode(version), ...(await checkControl(client, null, version)).findings];
}

async function examineHere(call: Call): Promise<Finding[]> {
  const version = ownVersion();
  const machine = [checkNode(version), checkProc()];
  let read: ReadResult;
  try {
    read = readProjectOf(call);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [...machine, bad(inLine(error.message), 'friday init writes one')];
  }
  const { place } = ownPlace(call);
  const client = await call.connect();
  const { status, findings } = await checkControl(client, presentIn(place.stateDir)?.pid ?? null, version);
  const { project, problems } = read;
  return [
    ...machine,
    ...checkFile(project, problems),
    ...(project === null
      ? []
      : [
          ...checkFolders(project),
          ...checkPrograms(project, call.env),
          ...checkHaproxy(project, call.env),
          ...checkDocker(project, call.env),
          ...checkCertificates(project, call.clock.now()),
          ...(await checkSwarm(project, call.env)),
          ...checkReadiness(project),
          ...(await checkPorts(project, status, place.stateDir)),
        ]),
    ...checkStateDir(place.stateDir),
    ...findings,
  ];
}
