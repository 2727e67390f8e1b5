// Every file under broken/ is answered with exactly the problems that its first lines name, at the right line and column.
//
// A line is `# [file:]line:column severity path | message | hint`, `-` for a problem without a place. Files named
// `x.override.yaml` are laid over `x.yaml`; other files are read by the ones that name them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Problem } from './problem.ts';
import { readProject } from './read.ts';

const folder = new URL('./broken/', import.meta.url);
const names = readdirSync(folder).filter((name) => /^[^.]+\.yaml$/.test(name));

function read(path: string): string | null {
  const file = new URL(path.replace('/project/', ''), folder);
  return path.startsWith('/project/') && existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function inOneLine(problem: Problem, main: string): string {
  const { position, severity, path, message, hint } = problem;
  const file = position === null || position.file === main ? '' : `${position.file.replace('/project/', '')}:`;
  const place = position === null ? '-' : `${file}${position.line}:${position.column}`;
  return `${place} ${severity} ${path === '' ? '(file)' : path} | ${message}${hint === null ? '' : ` | ${hint}`}`;
}

describe('the broken files', () => {
  it('are at least forty', () => {
    expect(names.length).toBeGreaterThanOrEqual(40);
  });

  it.each(names)('%s gets its problems, all at once', (name) => {
    const main = `/project/${name}`;
    const override = main.replace('.yaml', '.override.yaml');
    const files = read(override) === null ? [main] : [main, override];
    const isFolder = (path: string) => !path.includes('missing');
    const isFile = (path: string) => path.endsWith('/here.js');
    const { project, problems } = readProject({ files, read, isFolder, isFile, environment: {}, profiles: [] });
    const expected = (read(main) ?? '').split('\n').filter((line) => /^# (-|\S*\d+:\d+) (error|warning) /.test(line));
    expect(problems.map((problem) => `# ${inOneLine(problem, main)}`)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(0);
    expect(project === null).toBe(problems.some((problem) => problem.severity === 'error'));
    for (const { position } of problems) {
      if (position === null) continue;
      const text = read(position.file) ?? '';
      expect(position.source).toBe(text.split('\n')[position.line - 1]);
      expect(position.column).toBeGreaterThanOrEqual(1);
      expect(position.column - 1 + (position.width ?? 1)).toBeLessThanOrEqual(Math.max(1, position.source.length));
    }
  });
});
