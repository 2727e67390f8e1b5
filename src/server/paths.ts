// Where the control plane of a project keeps its state and listens: one rule for the one who starts it and the one who asks it. Pure.
import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../core/failure.ts';

export type Place = {
  /** Folder of the project, mode 700. */
  readonly stateDir: string;
  readonly socketPath: string;
};

export type PlaceInput = {
  readonly project: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the user; 0 = root. */
  readonly uid: number;
};

/** What the control plane remembers. It stays after `friday down`. */
export function stateFile(stateDir: string): string {
  return join(stateDir, 'state.db');
}

/** The kernel takes 107 bytes on Linux and 103 on macOS. */
const MOST_SOCKET_BYTES = 100;

/**
 * FRIDAY_STATE_DIR, else for root /var/lib/friday and /run/friday, else the folders of the XDG Base Directory
 * Specification. A socket path that is too long moves to a short one, named after a hash of the state folder.
 * Failure: `invalid` (a project name that is no folder name, no home folder).
 */
export function placeOf(input: PlaceInput): Place {
  const { project } = input;
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(project)) {
    throw new Failure(
      'invalid',
      `The project name is "${project}"; expected lower-case letters, digits, - and _, at most 63.`,
    );
  }
  const place = naturalPlace(input);
  if (Buffer.byteLength(place.socketPath) <= MOST_SOCKET_BYTES) return place;
  return { ...place, socketPath: shortSocket(input, place.stateDir) };
}

function naturalPlace({ project, environment, uid }: PlaceInput): Place {
  const override = absolute(environment.FRIDAY_STATE_DIR);
  if (override !== null) return inside(join(override, project));
  if (uid === 0) return { stateDir: `/var/lib/friday/${project}`, socketPath: `/run/friday/${project}.sock` };
  const stateDir = join(stateHome(environment), 'friday', project);
  const runtimeDir = absolute(environment.XDG_RUNTIME_DIR);
  if (runtimeDir === null) return inside(stateDir);
  return { stateDir, socketPath: join(runtimeDir, 'friday', `${project}.sock`) };
}

function inside(stateDir: string): Place {
  return { stateDir, socketPath: join(stateDir, 'friday.sock') };
}

function stateHome(environment: PlaceInput['environment']): string {
  const stated = absolute(environment.XDG_STATE_HOME);
  if (stated !== null) return stated;
  const home = absolute(environment.HOME);
  if (home !== null) return join(home, '.local', 'state');
  throw new Failure('invalid', 'There is no folder for the state: HOME is not set.', {
    hint: 'Set FRIDAY_STATE_DIR to an absolute path.',
  });
}

/** Source: XDG Base Directory Specification 0.8: relative paths are ignored. */
function absolute(path: string | undefined): string | null {
  return path !== undefined && isAbsolute(path) ? path : null;
}

function shortSocket({ environment, uid }: PlaceInput, stateDir: string): string {
  const name = `${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}.sock`;
  const runtimeDir = absolute(environment.XDG_RUNTIME_DIR);
  const folders = [
    ...(uid !== 0 && runtimeDir !== null ? [join(runtimeDir, 'friday')] : []),
    ...(uid === 0 ? ['/run/friday'] : []),
    join(absolute(environment.TMPDIR) ?? '/tmp', `friday-${uid}`),
    `/tmp/friday-${uid}`,
  ];
  const paths = folders.map((folder) => join(folder, name));
  return paths.find((path) => Buffer.byteLength(path) <= MOST_SOCKET_BYTES) ?? join('/tmp', `friday-${uid}`, name);
}
