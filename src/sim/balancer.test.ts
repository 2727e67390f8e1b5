// The simulated balancer counts as every balancer must.

import { routeOf } from '../core/route.ts';
import { type Conduct, countsContract, type Question, SLOW_MS } from '../ports/balancer-counts.contract.ts';
import { type Behaviour, GOOD } from './behaviour.ts';
import { web } from './fixture.ts';
import { World } from './world.ts';

const CONDUCTS: Readonly<Record<Conduct, Partial<Behaviour>>> = {
  serves: {},
  fails: { errorShare: 1 },
  denies: { clientErrorShare: 1 },
  slow: { latencyMs: SLOW_MS },
};
/** Seconds that anything here may take. */
const PATIENCE_S = 60;

let places = 0;

countsContract('the simulated balancer', async () => {
  places += 1;
  const world = new World(`place ${places}`);
  const crowd = { service: 'web', rate: 0, errorShare: 0, clientErrorShare: 0, longRate: 0, longS: 1, clients: 1000 };
  world.users.crowds.set('web', crowd);
  world.begin();
  let clients = 0;
  return {
    open: () => world.balancer,
    freePort: async () => 1,
    instance: async (id, conduct = 'serves') => {
      const spec = web({}, { context: `/code/${conduct}` });
      world.runtime.behaviours.set(conduct, { ...GOOD, ...CONDUCTS[conduct] });
      const revision = await world.runtime.prepare(spec);
      await world.runtime.start({
        id,
        service: 'web',
        version: 1,
        slot: 1,
        revision,
        spec,
        environment: {},
        port: null,
      });
      return { id, host: '127.0.0.1', port: world.runtime.instances.get(id)?.port ?? 0 };
    },
    send: async ({ cookie, path = '/' }: Question = {}) => {
      const traffic = world.balancer.trafficOf('web');
      const isNew = traffic?.isSticky === true && cookie === undefined;
      if (isNew) clients += 1;
      const client = isNew ? clients : Number(cookie?.split('=')[1] ?? 0);
      const asked = world.users.ask('web', client, routeOf('GET', path));
      const version = asked ? `v${traffic?.[asked.arm]?.version}` : '';
      const { status, instance } = asked ?? { status: 503, instance: '' };
      return { status, instance, version, cookie: isNew ? `client=${client}` : null };
    },
    until: async (check) => {
      for (let second = 0; !(await check()); second += 1) {
        if (second > PATIENCE_S) throw new Error(`This did not come true within ${PATIENCE_S} s.`);
        world.pass(1);
      }
    },
    remove: async () => {},
  };
});
