// Starts awesome-app. PORT, GREETINGS_URL and MATHS_URL are required; HOST, LOG=all and TIMEOUT_MS are optional.
import { createAwesomeApp } from './app.ts';
import { run } from './http/run.ts';
import { createUpstream } from './upstream.ts';

await run(
  'awesome-app',
  (environment) => {
    const schemes = ['http:', 'https:'];
    return {
      timeoutMs: environment.number('TIMEOUT_MS', { min: 1, max: 600_000, isWhole: true, fallback: 3000 }),
      greetings:
        environment.address('GREETINGS_URL', { schemes, example: 'http://127.0.0.1:5001', isRequired: true }) ?? '',
      maths: environment.address('MATHS_URL', { schemes, example: 'http://127.0.0.1:5002', isRequired: true }) ?? '',
    };
  },
  ({ greetings, maths, timeoutMs }) =>
    createAwesomeApp(createUpstream('greetings', greetings, timeoutMs), createUpstream('maths', maths, timeoutMs)),
);
