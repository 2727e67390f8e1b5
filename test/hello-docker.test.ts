// The tutorial of examples/hello, on Docker: the commands of its README, in their order, under load.
import { afterAll, beforeAll, expect } from 'vitest';
import { newTestEngine, type TestEngine } from '../src/adapters/runtime/engine/fixture.ts';
import { describeWith } from './engines.ts';
import { tellStory } from './hello/story.contract.ts';
import { openTutorial, type Tutorial } from './hello/tutorial.ts';

describeWith(['docker', 'curl'], 'hello on Docker', () => {
  let engine: TestEngine;
  let tutorial: Tutorial;
  beforeAll(async () => {
    engine = await newTestEngine();
    tutorial = await openTutorial({
      DOCKER_HOST: engine.host,
      BUILD_IMAGE: 'node-base:local',
      RUN_IMAGE: 'node-base:local',
    });
  }, 120_000);
  afterAll(async () => {
    await tutorial?.close();
    await engine?.remove();
  }, 120_000);

  tellStory(() => tutorial, {
    deploy: 'On Docker',
    kill: () => tutorial.run('Kill a container'),
    runs: async () => {
      const list = 'docker ps -q --filter label=com.docker.compose.service=hello';
      const format =
        '{{.Config.User}} {{.HostConfig.Init}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Memory}}';
      const { out } = await tutorial.shell(`docker inspect -f '${format}' $(${list})`);
      expect(out.trim().split('\n')).toEqual(Array(2).fill('65532:65532 true true [ALL] 134217728'));
    },
  });
});
