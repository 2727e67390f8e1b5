// Tests of the Engine API client against a real engine, and against answers that a real one would not give.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../../../test/engines.ts';
import { engineAt, isOlder } from './client.ts';
import { newTestEngine, type TestEngine } from './fixture.ts';
import { Image, Info } from './objects.ts';

describeWith('docker', 'the client of a real engine', () => {
  let place: TestEngine;
  beforeAll(async () => {
    place = await newTestEngine();
  });
  afterAll(() => place.remove());

  it('agrees with the engine on a version of its API', async () => {
    const { engine, api, os } = await place.engine.version();
    expect(engine).toMatch(/^\d+\.\d+/);
    expect(isOlder(api, '1.41')).toBe(false);
    expect(os).toBe('linux');
  });

  it('reads what the engine says of itself and of an image', async () => {
    expect((await place.engine.get('/info', Info)).NCPU).toBeGreaterThan(0);
    const image = await place.engine.get('/images/node-base:local/json', Image);
    expect(image.RepoTags).toEqual(['node-base:local']);
  });

  it('gives the sentence of a refusal', async () => {
    const asked = place.engine.get('/images/nowhere/json', Image);
    await expect(asked).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('No such image: nowhere'),
    });
  });

  it('works again after the engine was restarted', async () => {
    await place.stop();
    await expect(place.engine.get('/info', Info)).rejects.toMatchObject({ code: 'unavailable' });
    await place.start();
    expect((await place.engine.get('/info', Info)).NCPU).toBeGreaterThan(0);
  });
});

describe('the client of an engine', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const fake = async (answers: Readonly<Record<string, object>>) => {
    const server = createServer((request, response) => {
      const found = answers[request.url ?? ''];
      response.statusCode = found === undefined ? 500 : 200;
      response.end(JSON.stringify(found ?? { message: `no ${request.url}` }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return engineAt(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };

  it('says that nothing answers, where, and what to do', async () => {
    const failure = engineAt('unix:///nowhere/docker.sock').version();
    await expect(failure).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Docker Engine cannot be reached at unix:///nowhere/docker.sock: nothing answers there.',
    });
  });

  it('refuses an engine that is too old', async () => {
    const engine = await fake({ '/version': { Version: '19.03.1', ApiVersion: '1.40' } });
    await expect(engine.version()).rejects.toThrow('19.03.1');
    await engine.close();
  });

  it('speaks no newer version than it knows, and no older than the engine takes', async () => {
    for (const [ApiVersion, MinAPIVersion, api] of [
      ['1.41', '1.12', '1.41'],
      ['1.99', '1.24', '1.51'],
      ['1.99', '1.60', '1.60'],
    ]) {
      const engine = await fake({ '/version': { Version: '1', ApiVersion, MinAPIVersion } });
      expect((await engine.version()).api).toBe(api);
      await engine.close();
    }
  });

  it('says what of an answer it does not understand', async () => {
    const engine = await fake({ '/version': { Version: '1', ApiVersion: '1.41' }, '/v1.41/info': { NCPU: 'two' } });
    await expect(engine.get('/info', Info)).rejects.toThrow(/answered GET \/info in an unknown way: NCPU: /);
    await engine.close();
  });
});
