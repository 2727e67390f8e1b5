// Tests of what an instance is told about itself and the others.
import { describe, expect, it } from 'vitest';
import { serviceWith, specFor, versionFor } from '../core/service.fixture.ts';
import { environmentOf } from './environment.ts';

const api = {
  ...serviceWith([versionFor(1, specFor({ name: 'my-api', port: 3000 }))], { stable: 1 }),
  name: 'my-api',
  internalPort: 20_001,
};
const redis = {
  ...serviceWith([versionFor(1, specFor({ name: 'redis', port: null, scheme: 'redis' }))], { stable: 1 }),
  name: 'redis',
  internalPort: 20_002,
};
const spec = specFor({ name: 'web', environment: { LEVEL: '3' } });

describe('the environment of an instance', () => {
  it('says who it is and where the others are, over loopback', () => {
    expect(environmentOf(spec, 4, 'web-v4-1', [api, redis])).toMatchObject({
      FRIDAY_SERVICE: 'web',
      FRIDAY_VERSION: 'v4',
      FRIDAY_INSTANCE: 'web-v4-1',
      LEVEL: '3',
      MY_API_URL: 'http://127.0.0.1:20001',
      REDIS_URL: 'redis://127.0.0.1:20002',
    });
  });

  it('says it in other words where instances are on a network of their own', () => {
    const reach = { balancer: '172.18.0.1', isByName: true };
    expect(environmentOf(spec, 4, 'web-v4-1', [api, redis], reach)).toMatchObject({
      MY_API_URL: 'http://172.18.0.1:20001',
      REDIS_URL: 'redis://redis',
    });
  });

  it('leaves to the file where a service is, and keeps who the instance is', () => {
    const own = specFor({ name: 'web', environment: { REDIS_URL: 'redis://far', FRIDAY_VERSION: 'x' } });
    expect(environmentOf(own, 4, 'web-v4-1', [redis])).toMatchObject({
      REDIS_URL: 'redis://far',
      FRIDAY_VERSION: 'v4',
    });
  });
});
