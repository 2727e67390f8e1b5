// Images of a Swarm that come from a registry, and its secrets, on real engines.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { describeWith } from '../../../../test/engines.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { InstanceSpec } from '../../../ports/runtime.ts';
import { newTestSwarm, type TestSwarm } from './fixture.ts';
import { type Besides, codeFolder, SERVER, type SwarmPlace, swarmPlace, until, webSpec } from './fixture-place.ts';
import { startRegistry, type TestRegistry } from './fixture-registry.ts';
import type { SwarmRuntime } from './runtime.ts';

// Engines build, carry and start images: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const Services = z.array(
  z.object({ Spec: z.object({ TaskTemplate: z.object({ ContainerSpec: z.object({ Image: z.string() }) }) }) }),
);
const Secrets = z.array(z.object({ Spec: z.object({ Name: z.string() }) }));
/** Answers with what is in these files, one after the other, and their modes. */
const READER = `
  import { createServer } from 'node:http';
  import { readFileSync, statSync } from 'node:fs';
  const files = ['/run/secrets/key', '/run/secrets/pass', '/etc/look'];
  const said = () => files.map((file) => readFileSync(file, 'utf8') + (statSync(file).mode & 0o777).toString(8)).join(' ');
  const server = createServer((request, response) => response.end(said()));
  server.listen(Number(process.env.PORT));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

describeWith(['swarm', 'registry'], 'a Swarm', () => {
  let swarm: TestSwarm;
  let place: SwarmPlace;
  let runtime: SwarmRuntime;
  beforeAll(async () => {
    swarm = await newTestSwarm(2);
  });
  afterAll(() => swarm?.remove());
  beforeEach(() => {
    place = swarmPlace(swarm);
    runtime = place.open();
  });
  afterEach(() => place.remove());

  const specOf = (code: string, besides: Besides) => webSpec(swarm, codeFolder(swarm, code), place.project, besides);
  const instanceOf = async (spec: ServiceSpec, version: number, slot: number): Promise<InstanceSpec> => {
    const id = `web-v${version}-${slot}`;
    const environment = { FRIDAY_INSTANCE: id };
    return { id, service: 'web', version, slot, revision: await runtime.prepare(spec), spec, environment, port: null };
  };
  /** Starts so many instances of a version, and waits until they are ready. */
  const started = async (spec: ServiceSpec, version: number, count: number) => {
    for (let slot = 1; slot <= count; slot += 1) await runtime.start(await instanceOf(spec, version, slot));
    const ready = async () => (await runtime.list()).filter((one) => one.version === version && one.state === 'ready');
    await until(async () => (await ready()).length === count);
    return ready();
  };
  const images = async () =>
    (await swarm.manager.engine.get('/services', Services)).map(({ Spec }) => Spec.TaskTemplate.ContainerSpec.Image);

  const withRegistry = async (body: (registry: TestRegistry) => Promise<void>) => {
    const registry = await startRegistry(swarm);
    try {
      await body(registry);
    } finally {
      await registry.stop();
    }
  };

  it('fetches images from the registry of the file by their digests, each version its own', async () => {
    await withRegistry(async ({ address, stop }) => {
      const besides = { swarm: `    registry: ${address}/shop` };
      const first = await started(specOf(`// one\n${SERVER}`, besides), 1, 2);
      expect(first.map(({ handle }) => handle.split(' on ')[1]).sort()).toEqual(['n1', 'n2']);
      await started(specOf(`// two\n${SERVER}`, besides), 2, 2);
      const [v1 = '', same = '', v2 = ''] = (await images()).sort();
      const name = new RegExp(`^${address.replaceAll('.', '\\.')}/shop/${place.project}-web@sha256:[0-9a-f]{64}$`);
      expect(v1).toMatch(name);
      expect(v2).toMatch(name);
      expect(new Set([v1, same, v2]).size).toBe(2);
      // Nothing of what runs needs the registry any more; the next version does.
      await stop();
      expect((await runtime.list()).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready', 'ready']);
      const failure = runtime.prepare(specOf(`// three\n${SERVER}`, besides));
      await expect(failure).rejects.toMatchObject({
        code: 'unavailable',
        detail: { hint: expect.stringContaining('docker push') },
      });
    });
  });

  it('gives secrets and configs of the file to instances, new ones for new content, and forgets the old', async () => {
    const file = join(swarm.dir, `pass-${place.project}`);
    writeFileSync(file, 'friday', { mode: 0o600 });
    const besides = (key: string): Besides => ({
      service: [
        '    secrets:',
        '      - pass',
        '      - { source: key, target: key, mode: 0400 }',
        '    configs: [{ source: look, target: /etc/look }]',
      ].join('\n'),
      top: [
        'secrets:',
        `  key: { content: ${key} }`,
        `  pass: { file: ${file} }`,
        'configs:',
        '  look: { content: dark }',
      ].join('\n'),
    });
    const said = async (version: number) => {
      const [one] = (await runtime.list()).filter((each) => each.version === version);
      return (await fetch(`http://${one?.host}:${one?.port}/`)).text();
    };
    const names = async () => {
      const all = (await swarm.manager.engine.get('/secrets', Secrets)).map(({ Spec }) => Spec.Name);
      return all
        .filter((name) => name.startsWith(`${place.project}_`))
        .map((name) => name.replace(/-[0-9a-f]{12}$/, ''));
    };
    const own = ['key', 'look', 'pass'].map((name) => `${place.project}_${name}`);
    await started(specOf(READER, besides('one')), 1, 1);
    expect(await said(1)).toBe('one400 friday444 dark444');
    expect((await names()).sort()).toEqual(own);
    writeFileSync(file, 'saturday');
    await started(specOf(READER, besides('two')), 2, 1);
    expect([await said(1), await said(2)]).toEqual(['one400 friday444 dark444', 'two400 saturday444 dark444']);
    expect(await names()).toHaveLength(5);
    await runtime.stop('web-v1-1');
    await until(async () => {
      await runtime.remove('web-v1-1');
      return (await runtime.list()).every(({ version }) => version === 2);
    });
    await runtime.prune('web', []);
    expect((await names()).sort()).toEqual(own);
    expect(await said(2)).toBe('two400 saturday444 dark444');
  });

  it('takes a secret that the operator has made, and says when it is not there', async () => {
    const besides: Besides = {
      service: '    secrets: [{ source: key, target: key }]',
      top: 'secrets:\n  key: { external: true, name: operators-key }',
    };
    const spec = specOf(READER.replace(", '/run/secrets/pass', '/etc/look'", ''), besides);
    const instance = await instanceOf(spec, 1, 1);
    await expect(runtime.start(instance)).rejects.toMatchObject({
      code: 'not-found',
      detail: { hint: 'docker secret create operators-key FILE' },
    });
    const body = { Name: 'operators-key', Data: Buffer.from('theirs').toString('base64') };
    await swarm.manager.engine.post('/secrets/create', z.unknown(), { body });
    const [one] = await started(spec, 1, 1);
    expect(await (await fetch(`http://${one?.host}:${one?.port}/`)).text()).toBe('theirs444');
  });
});
