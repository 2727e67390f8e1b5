// Reading a project as a whole: where files, variables and paths come from, and that nothing can make it throw.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces belong to Compose
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Project } from './project.ts';
import { projectName, type ReadInput, readProject } from './read.ts';

type Files = Record<string, string>;

function readFiles(files: Files, more: Partial<ReadInput> = {}) {
  const [first = ''] = Object.keys(files);
  const read = (path: string) => files[path] ?? null;
  return readProject({ files: [first], read, environment: {}, profiles: [], ...more });
}

describe('readProject', () => {
  it('takes variables from .env beside the first file, and from the shell before it', () => {
    const files = {
      '/shop/compose.yaml': 'services: { web: { command: "run $A $B", environment: [A] } }',
      '/shop/.env': 'A=file\nB=file\nCOMPOSE_PROFILES=x\n',
    };
    const { project } = readFiles(files, { environment: { B: 'shell' } });
    expect(project?.name).toBe('shop');
    expect(project?.services[0]).toMatchObject({ command: ['run', 'file', 'shell'], environment: { A: 'file' } });
  });

  it('sees the paths of every file given from the folder of the first', () => {
    const files = {
      '/shop/compose.yaml': 'services: { web: { command: run } }',
      '/shop/envs/production.yaml': 'services: { web: { build: ./web, env_file: web.env } }',
      '/shop/web.env': 'A=1\n',
    };
    const { project } = readFiles(files, { files: ['/shop/compose.yaml', '/shop/envs/production.yaml'] });
    expect(project?.services[0]).toMatchObject({ context: '/shop/web', environment: { A: '1' } });
  });

  it('sees the paths of an included file from its own folder, with its own .env', () => {
    const files = {
      '/shop/compose.yaml': 'include: [mail/compose.yaml]\nservices: { web: { command: run } }',
      '/shop/mail/compose.yaml': 'services: { mail: { build: ., command: "$A $B" } }',
      '/shop/.env': 'A=outer\n',
      '/shop/mail/.env': 'A=inner\nB=inner\n',
    };
    const { project, problems } = readFiles(files);
    expect(problems).toEqual([]);
    expect(project?.services[1]).toMatchObject({ context: '/shop/mail', command: ['outer', 'inner'] });
  });

  it('lays env files over each other and environment over all of them', () => {
    const files = {
      '/s/c.yaml':
        'services: { a: { command: x, env_file: [1.env, {path: 2.env, format: raw}], environment: {C: c} } }',
      '/s/1.env': 'A=1\nB=1\nC=1\n',
      '/s/2.env': 'B="$A"\nC=2\n',
    };
    expect(readFiles(files).project?.services[0]?.environment).toEqual({ A: '1', B: '"$A"', C: 'c' });
  });

  it('keeps numbers in variables as they were given', () => {
    const files = {
      '/s/c.yaml': 'services: { a: { command: x, environment: { V: "${V}", N: 12345678901234567890 } } }',
    };
    const { project } = readFiles(files, { environment: { V: '1.10' } });
    expect(project?.services[0]?.environment).toEqual({ V: '1.10', N: '12345678901234567890' });
  });

  it('warns when the PORT of the shell gets into a command', () => {
    const files = {
      '/s/c.yaml': 'services:\n  a:\n    command: run --port $PORT --at $$PORT\n    environment: { P: $PORT }\n',
    };
    const { project, problems } = readFiles(files, { environment: { PORT: '80' } });
    expect(project?.services[0]).toMatchObject({
      command: ['run', '--port', '80', '--at', '$PORT'],
      environment: { P: '80' },
    });
    expect(problems).toMatchObject([{ severity: 'warning', position: { line: 3, column: 25, width: 5 } }]);
  });

  it('builds the folder of the file when build names none', () => {
    const { project } = readFiles({ '/s/c.yaml': 'services: { a: { build: { target: x }, command: x } }' });
    expect(project?.services[0]?.context).toBe('/s');
  });

  it('takes 0 in a healthcheck for the default, as Docker does', () => {
    const check = '{ test: x, interval: 0s, timeout: 0s, retries: 0 }';
    const { project } = readFiles({ '/s/c.yaml': `services: { a: { command: x, healthcheck: ${check} } }` });
    expect(project?.services[0]?.readiness).toMatchObject({ intervalMs: 5000, timeoutMs: 30_000, retries: 3 });
  });

  it('names the file in which a merged value was written', () => {
    const files = {
      '/s/a.yaml': 'services:\n  web:\n    command: run\n    x-friday:\n      port: 3000\n',
      '/s/b.yaml': 'services:\n  web:\n    x-friday:\n      port: many\n',
    };
    const { problems } = readFiles(files, { files: ['/s/a.yaml', '/s/b.yaml'] });
    expect(problems).toMatchObject([{ position: { file: '/s/b.yaml', line: 4, column: 13 } }]);
  });

  it('says which file is missing, and goes on with the others', () => {
    const { project, problems } = readFiles(
      { '/s/a.yaml': 'services: { a: { comand: x } }' },
      { files: ['/s/none.yaml', '/s/a.yaml'] },
    );
    expect(project).toBeNull();
    expect(problems.map((problem) => problem.message)).toEqual([
      'unknown key "comand"',
      'there is no readable file /s/none.yaml',
    ]);
  });

  it('refuses what is too large', () => {
    const services = Array.from({ length: 501 }, (_, index) => `  s${index}: { command: x }`).join('\n');
    expect(readFiles({ '/s/c.yaml': `services:\n${services}` }).problems).toMatchObject([
      { message: 'expected at most 500 services, got 501', position: { line: 1, column: 1 } },
    ]);
    expect(readFiles({ '/s/c.yaml': `# ${'x'.repeat(1_048_576)}` }).problems).toMatchObject([
      { message: 'the file is larger than 1 MB' },
    ]);
  });

  it('shows at most a hundred problems, and says how many more there are', () => {
    const services = Array.from({ length: 300 }, (_, index) => `  s${index}: { comand: x }`).join('\n');
    const { problems } = readFiles({ '/s/c.yaml': `services:\n${services}` });
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatchObject({ severity: 'error', message: '200 more problems are not shown' });
  });

  it('gives the same answer twice', () => {
    const files = { '/s/c.yaml': 'services: { a: { command: $X, prots: [] }, b: { image: x } }' };
    expect(readFiles(files)).toEqual(readFiles(files));
  });
});

describe('projectName', () => {
  it.each([
    ['My Shop', 'myshop'],
    ['_-a', 'a'],
    ['ünder', 'nder'],
    ['...', 'project'],
  ])('makes %j into %s', (text, name) => expect(projectName(text)).toBe(name));
});

const corpus = ['broken', 'good'].flatMap((name) => {
  const folder = new URL(`./${name}/`, import.meta.url);
  return readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
});

/** A text of the corpus with pieces of others cut in, taken out or doubled. */
const Mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(
      fc.tuple(
        fc.nat(3000),
        fc.nat(40),
        fc.oneof(fc.constantFrom(...corpus), fc.string({ unit: 'binary' })),
        fc.nat(3000),
        fc.nat(60),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([text, cuts]) =>
    cuts.reduce((now, [at, length, other, from, taken]) => {
      const start = now.length === 0 ? 0 : at % now.length;
      const piece = other.slice(from % (other.length + 1)).slice(0, taken);
      return now.slice(0, start) + piece + now.slice(start + length);
    }, text),
  );

describe('whatever the files hold', () => {
  const check = (text: string, override: string | null) => {
    const files: Files = {
      '/p/c.yaml': text,
      '/p/web.env': 'A=1',
      ...(override === null ? {} : { '/p/o.yaml': override }),
    };
    const given = override === null ? ['/p/c.yaml'] : ['/p/c.yaml', '/p/o.yaml'];
    const { project, problems } = readFiles(files, { files: given });
    expect(project === null).toBe(problems.some((problem) => problem.severity === 'error'));
    if (project !== null) expect(Project.safeParse(project).error).toBeUndefined();
    for (const { position } of problems) {
      if (position === null) continue;
      expect(files[position.file]?.split('\n')[position.line - 1]?.replace(/\r$/, '')).toBe(position.source);
      expect(position.column).toBeGreaterThanOrEqual(1);
      expect(position.column).toBeLessThanOrEqual(position.source.length + 1);
    }
  };

  it('reading a mutated file gives a project or an error with a true position', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(Mutated, fc.option(Mutated), (text, override) => check(text, override)),
      { numRuns: 400 },
    );
  });

  it('reading any text gives a project or an error with a true position', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => check(text, null)),
      { numRuns: 300 },
    );
  });
});
