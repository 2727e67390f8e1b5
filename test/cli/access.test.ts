// People, tokens, links and the audit from the command line.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

const run = (line: string, options = {}) => harness.run(line.split(' '), options);

describe('friday user', () => {
  it('lets people in, changes what they may, and takes it away', async () => {
    expect((await run('user ls')).out).toContain('Nobody was let in yet');
    expect(await run('user add ana --role approver')).toMatchObject({
      code: 0,
      out: '  ✓ ana is approver, and has no password\n',
    });
    expect((await run('user role ana --role viewer')).out).toContain('ana is viewer');
    expect((await run('user ls')).out).toMatch(/^NAME +ROLE +PASSWORD +SESSIONS +LAST SEEN\nana +viewer +– +– +–\n$/);
    expect((await run('user remove ana')).code).toBe(2);
    expect((await run('user remove ana -y')).code).toBe(0);
    expect((await run('user role ana --role viewer')).code).toBe(2);
  });

  it('reads a password from a pipe and shows it nowhere', async () => {
    await run('user add ana --role viewer');
    const { code, out, err } = await run('user password ana', { input: 'correct horse battery\n' });
    expect([code, out]).toEqual([0, '  ✓ ana is viewer, and has a password\n']);
    expect(out + err).not.toContain('correct horse');
    expect((await run('user password ana', { input: 'short\n' })).code).toBe(2);
    expect((await run('user password ana --none')).out).toContain('has no password');
  });

  it.each(['user add', 'user add ana', 'user add ana --role king', 'user fly', 'user role ana'])(
    '%s is refused with what is missing',
    async (line) => {
      expect((await run(line)).code).toBe(2);
    },
  );
});

describe('friday token', () => {
  it('prints the secret alone on stdout, once, and revokes by name', async () => {
    const made = await run('token create ci --days 30');
    expect(made.out).toMatch(/^fri_[0-9A-Za-z]{43}\n$/);
    const listed = await run('token ls');
    expect(listed.out).toMatch(/ci +releaser/);
    expect(listed.out).not.toContain(made.out.trim());
    expect((await run('token revoke ci -y')).code).toBe(0);
    expect((await run('token ls')).out).toBe('There are no tokens.\n');
    expect((await run('token revoke ci -y')).code).toBe(2);
  });

  it('asks which one, when two have the name', async () => {
    await run('token create ci');
    await run('token create ci --forever');
    expect((await run('token revoke ci -y')).err).toContain('there are 2 tokens called ci');
  });
});

describe('friday open', () => {
  it('prints a link, for oneself or for somebody who was let in', async () => {
    expect((await run('open')).out).toMatch(/^http:\/\/127\.0\.0\.1:4747\/sign-in#[0-9A-Za-z]{43}\n$/);
    expect((await run('open --for ana')).code).toBe(2);
    await run('user add ana --role viewer');
    expect((await run('open --for ana')).err).toContain('Signs ana in');
  });
});

describe('friday audit', () => {
  it('tells who changed what, also what was refused, newest first', async () => {
    await run('user add zoe --role viewer');
    await run('user remove nobody -y');
    await run('pause web');
    const { out } = await run('audit');
    const lines = out.trim().split('\n').slice(1);
    expect(lines.map((line) => line.replace(/^\S+( \S+)? +ana +socket, admin +/, '').replace(/ {2,}/g, ' '))).toEqual([
      'pause web 200',
      'removePerson nobody 404',
      'addPerson zoe (viewer) 201',
    ]);
    expect((await run('audit -n 1')).out.trim().split('\n')).toHaveLength(2);
    expect(JSON.parse((await run('audit --json -n 1')).out)).toMatchObject([
      { what: 'pause', who: 'ana', status: 200 },
    ]);
  });
});
