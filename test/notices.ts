// NOTICE: whose work is in the package, under which licence. Written by npm run notices, and looked at by notices.test.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
export const NOTICE = join(ROOT, 'NOTICE');
/** Development dependencies that `npm run build:web` puts into the files of the page. */
const IN_THE_PAGE = ['preact', '@preact/signals', '@preact/signals-core'];
/** They ask for no more than that their text comes along. */
const ALLOWED = ['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'];
const FOLDERS = 'node_modules/';

type Locked = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
};
export type Dependency = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
};

/** What the package consists of besides our own work, by name and version. Throws when one is not installed. */
export function dependencies(): readonly Dependency[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const found = Object.entries(packages).flatMap(([path, { version = '', dev, optional, license = '' }]) => {
    const name = path.slice(path.lastIndexOf(FOLDERS) + FOLDERS.length);
    const isOurs = path === '' || optional === true || (dev === true && !IN_THE_PAGE.includes(name));
    return isOurs ? [] : [{ name, version, licence: license, text: licenceText(join(ROOT, path)) }];
  });
  const byName = new Map(found.map((one) => [`${one.name} ${one.version}`, one]));
  return [...byName.values()].sort((one, other) =>
    `${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1,
  );
}

/** Of an expression such as `(BSD-3-Clause OR GPL-2.0)` one choice is enough. */
export function isAllowed(licence: string): boolean {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
  return choices.some((choice) => ALLOWED.includes(choice.trim()));
}

export function noticeOf(all: readonly Dependency[]): string {
  const texts = Map.groupBy(all, (one) => one.text);
  const parts = [...texts].map(([text, those]) => {
    const names = those.map(({ name, version, licence }) => `${name} ${version} (${licence})`).join('\n');
    return `${names}\n\n${text || 'The package has no text of its licence.'}`;
  });
  const head =
    'fridaymorning is under the MIT licence, see LICENSE. The package uses, or has in the files of its page, the work of others:';
  return `${[head, ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)([-.].*)?$/i.test(name));
  return file === undefined ? '' : readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
}

if (import.meta.main) writeFileSync(NOTICE, noticeOf(dependencies()));
