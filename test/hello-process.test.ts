// The tutorial of examples/hello, as processes: the commands of its README, in their order, under load.
import { afterAll, beforeAll, expect } from 'vitest';
import { describeWith } from './engines.ts';
import { tellStory } from './hello/story.contract.ts';
import { openTutorial, type Tutorial } from './hello/tutorial.ts';

describeWith('curl', 'hello as processes', () => {
  let tutorial: Tutorial;
  beforeAll(async () => {
    tutorial = await openTutorial();
  });
  afterAll(() => tutorial?.close());

  tellStory(() => tutorial, {
    deploy: 'As processes',
    kill: () => tutorial.run('Kill a process'),
    runs: async () => {
      const { out } = await tutorial.shell('friday status hello --json');
      expect(JSON.parse(out)).toMatchObject({ instances: [{ handle: /^pid \d+$/ }, {}] });
    },
  });
});
