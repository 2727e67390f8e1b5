// Tests of what the doctor says of a Swarm.
import { describe, expect, it } from 'vitest';
import { readProject } from '../../core/spec/read.ts';
import { checkSwarm, type RunDocker } from './swarm.ts';

const projectOf = (swarm: string) => {
  const text = `services: { web: { image: a, x-friday: { port: 1 } } }\nx-friday: { runtime: swarm, swarm: ${swarm} }\n`;
  const read = (path: string) => (path === '/p/compose.yaml' ? text : null);
  const { project, problems } = readProject({ files: ['/p/compose.yaml'], read, environment: {}, profiles: [] });
  if (project === null) throw new Error(JSON.stringify(problems));
  return project;
};
const node = (name: string, rest: object = {}) =>
  JSON.stringify({ Hostname: name, Status: 'Ready', Availability: 'Active', Self: name === 'n1', ...rest });
const engine = (info: object, nodes: readonly string[] = []): RunDocker => {
  return async (words) => {
    if (words[0] === 'info') return JSON.stringify(info);
    if (words[0] === 'node') return nodes.join('\n');
    if (words[1]?.includes('good')) return '27.0.0';
    throw Object.assign(new Error('failed'), { stderr: 'Permission denied (publickey).\n' });
  };
};
const MANAGER = { LocalNodeState: 'active', ControlAvailable: true };
const said = async (swarm: string, run: RunDocker) =>
  (await checkSwarm(projectOf(swarm), {}, run)).map(({ state, text }) => `${state} ${text}`);

describe('the doctor', () => {
  it('says that there is no engine, no Swarm, or no manager', async () => {
    const none: RunDocker = async () => {
      throw new Error('spawn docker ENOENT');
    };
    expect(await said('{}', none)).toEqual(['bad Docker Engine cannot be asked: spawn docker ENOENT']);
    expect((await said('{}', engine({ LocalNodeState: 'inactive' })))[0]).toMatch(/^bad .*not part of one/);
    expect((await said('{}', engine({ LocalNodeState: 'active' })))[0]).toMatch(/^bad .*a worker/);
  });

  it('says how each node is', async () => {
    const nodes = [node('n1'), node('n2', { Status: 'Down' }), node('n3', { Availability: 'Drain' })];
    const found = await said('{ registry: r.example.com/shop }', engine(MANAGER, nodes));
    expect(found).toEqual([
      'ok node n1',
      'warn the node n2 is down',
      'warn the node n3 takes no instances: drain',
      'ok images go to r.example.com/shop',
    ]);
  });

  it('tries the way of images to every other node', async () => {
    const nodes = ['n1', 'n2', 'n3', 'n4'].map((name) => node(name));
    const found = await said('{ nodes: { n2: ssh://good, n3: ssh://other } }', engine(MANAGER, nodes));
    expect(found.slice(4)).toEqual([
      'ok images go to n2 at ssh://good',
      'bad n3 cannot be reached at ssh://other: Permission denied (publickey).',
      'bad nobody says how images come to the node n4',
    ]);
  });
});
