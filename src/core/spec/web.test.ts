// x-friday.web: under which host the page may be used.
import { describe, expect, it } from 'vitest';
import { readProject } from './read.ts';

function read(host: string) {
  const text = `services:\n  a: { image: a, x-friday: { process: { command: a } } }\nx-friday:\n  web: { host: ${host} }\n`;
  return readProject({
    files: ['/x/compose.yaml'],
    read: (path) => (path === '/x/compose.yaml' ? text : null),
    environment: {},
    profiles: [],
  });
}

describe('x-friday.web.host', () => {
  it.each([
    ['friday.example.com', ['friday.example.com']],
    ['Friday.Example.com:443', ['friday.example.com']],
    ['[a.example, "b.example:8443"]', ['a.example', 'b.example:8443']],
  ])('%s', (written, hosts) => {
    expect(read(written).project?.web).toEqual({ hosts });
  });

  it.each([
    ['https://friday.example.com', 'leave the scheme out: it is https'],
    ['friday.example.com/x', null],
    ['"*"', null],
    ['"a b"', null],
    ['-a.example', null],
  ])('%s is refused', (written, hint) => {
    const { project, problems } = read(written);
    expect([project, problems[0]?.hint]).toEqual([null, hint]);
  });
});
