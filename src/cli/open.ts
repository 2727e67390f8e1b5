// Opens the project of a call: reads its compose file, tells its warnings, and refuses it when it is wrong.
import { Failure } from '../core/failure.ts';
import { nearest } from '../core/spec/nearest.ts';
import { formatProblems, hasErrors, type Problem } from '../core/spec/problem.ts';
import type { Project } from '../core/spec/project.ts';
import type { ReadResult } from '../core/spec/read.ts';
import type { Call } from './call.ts';
import { loadProject } from './project.ts';

/** The compose file is wrong; all its problems at once. */
export class SpecInvalid extends Failure {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const first = problems.find((problem) => problem.severity === 'error') ?? problems[0];
    const where = first && first.path !== '' ? `${first.path}: ` : '';
    super('invalid', `${where}${first?.message ?? 'the compose file is wrong'}`, {
      ...(first?.hint ? { hint: first.hint } : {}),
      ...(first?.position ? { position: first.position } : {}),
    });
    this.name = 'SpecInvalid';
    this.problems = problems;
  }
}

type Where = Pick<Call, 'flags' | 'cwd' | 'env'>;

/** What the compose file says, right or wrong. Failure: `not-found` without one. */
export function readProjectOf({ flags, cwd, env }: Where): ReadResult {
  return loadProject({ file: flags.file, cwd, environment: env, profiles: flags.profile });
}

/** The project, its warnings told on stderr. Failures: `SpecInvalid`, `not-found`. */
export function openProject(call: Call): Project {
  const { project, problems } = readProjectOf(call);
  if (project === null || hasErrors(problems)) throw new SpecInvalid(problems);
  if (problems.length > 0) {
    call.terminal.say(formatProblems(problems, { color: call.terminal.hasColourOnError, folder: call.cwd }).trimEnd());
  }
  return project;
}

/** Failure: `not-found`, with the nearest name. */
export function requireService(name: string, known: readonly string[], where: string): void {
  if (known.includes(name)) return;
  const found = nearest(name, known);
  const hint =
    found === null ? (known.length > 0 ? `there are ${known.join(', ')}` : 'friday up') : `did you mean "${found}"?`;
  throw new Failure('not-found', `There is no service "${name}" ${where}.`, { hint });
}
