// The extension key x-friday as zod schemas: they check the file and make the editor schema.
import { z } from 'zod';
import { Command } from './compose.ts';
import { Notify } from './notify.ts';
import { parseDirectory, parseHost, parseListen, parseRoute, routeHint } from './route.ts';
import {
  anyText,
  duration,
  flag,
  httpPath,
  keyed,
  numberAbove,
  oneOf,
  percentage,
  portion,
  refusal,
  textLike,
  textOrNumber,
  weight,
  weightOrAll,
  whole,
} from './scalars.ts';
import { Web } from './web.ts';

const route = textLike('a host, host/path or *, like shop.example.com/api', '^[^\\s:]+$', (text) => {
  const found = parseRoute(text);
  const hint = found === null ? routeHint(text) : null;
  return hint === null ? found : refusal(hint);
});

const Weights = z
  .array(weight(), { error: 'expected auto or a list of weights' })
  .max(50, { error: 'expected at most 50 weights' })
  .check((context) => {
    for (const [index, after] of context.value.entries()) {
      const before = context.value[index - 1];
      if (before === undefined || after > before) continue;
      const message = `weights rise: expected more than ${before}`;
      context.issues.push({ code: 'custom', message, path: [index], input: after });
    }
  });

const Plan = z.union([z.literal('auto'), Weights], {
  error: 'expected auto, or a list of weights like [1, 5, 25, 50]',
});

/** How much slower one quantile may be. */
function latency(name: string) {
  return percentage(1000).optional().describe(`So many percent more ${name} are still "not worse".`);
}

const Bounds = keyed({
  min: duration().optional().describe('With auto: no promotion before. Default 2m.'),
  max: duration().optional().describe('With auto: what happens then is said by at_end. Default 30m.'),
});

const Bake = z.union([duration(), Bounds], {
  error: 'expected a duration like 2m, or with auto { min: 2m, max: 30m }',
});

const Release = keyed({
  plan: Plan.optional().describe('Weights of the candidate in percent, rising, 100 left out; or auto. Default auto.'),
  bake: Bake.optional().describe(
    'With a list: how long each weight is held at least, default 1m. With auto: how long the new version has traffic beside the old one at least and at most, default { min: 2m, max: 30m }.',
  ),
  budget: whole(1, 1_000_000)
    .optional()
    .describe('With auto: extra failed requests that the next weight may cost before the judge can act. Default 10.'),
  at_end: oneOf(['hold', 'promote'])
    .optional()
    .describe(
      'With auto: after the longest bake a person is asked, or it is promoted if nothing speaks against it. Default hold.',
    ),
  pass: oneOf(['certified', 'requests'])
    .optional()
    .describe(
      'What the next step takes with a list, and a promotion with auto: not worse in every metric, or nothing against it and enough requests. Default certified with auto, requests with a list.',
    ),
  slo: percentage(99.999, 'a percentage below 100%, like 99.9%')
    .optional()
    .describe(
      'Share of good requests that the service promises. When both versions together fail far more, nothing rises. Default 99.9%.',
    ),
  approve: z
    .array(weightOrAll(), { error: 'expected a list of weights, like [50, 100]' })
    .optional()
    .describe('A person must say yes before these weights. Default none.'),
  requests: whole(0, 1_000_000)
    .optional()
    .describe('Requests that the candidate answers in each step before the next. Default 20.'),
  ready_timeout: duration(1000).optional().describe('A candidate that is not ready by then has failed. Default 60s.'),
  keep_warm: duration().optional().describe('How long the old version keeps running after promotion. Default 10m.'),
  hold_back: portion(50)
    .optional()
    .describe('Share of the requests that the old version keeps while it is warm, to be compared with. Default 5%.'),
  errors: keyed({ margin: percentage(100).describe('How many percentage points more failures are still "not worse".') })
    .optional()
    .describe('What "not worse" means for failures.'),
  latency: keyed({ p50: latency('p50'), p90: latency('p90'), p95: latency('p95'), p99: latency('p99') })
    .optional()
    .describe('What "not worse" means for latency, per quantile.'),
});

const Scale = keyed({
  min: whole(1, 1000).optional().describe('At least so many instances. Default 1.'),
  max: whole(1, 1000).describe('At most so many instances.'),
  target: keyed({
    inflight: numberAbove(0, 100_000).optional().describe('Open requests per instance.'),
    rate: numberAbove(0, 1_000_000).optional().describe('Requests per second per instance.'),
    cpu: percentage(10_000, 'a percentage of one core, like 70%')
      .optional()
      .describe('Share of one core per instance.'),
  }).describe('What one instance should carry. Of several targets the one that needs most instances wins.'),
  down_after: duration().optional().describe('It shrinks only to the highest demand of so long. Default 5m.'),
});

const Process = keyed({
  command: Command.optional().describe(
    'What runs without Docker, instead of entrypoint and command. $PORT and $FRIDAY_… are replaced when it starts.',
  ),
  install: Command.optional().describe('Runs once in each new copy of the build folder, for example npm ci.'),
});

/** x-friday on a service. */
export const serviceFridayShape = {
  port: whole(1, 65_535)
    .optional()
    .describe(
      'Where one instance listens. The process gets its own port as PORT. Without it the service is not behind the balancer.',
    ),
  route: z
    .union([route, z.array(route)], { error: 'expected a host, host/path or *, or a list of them' })
    .optional()
    .describe('Public addresses: host, host/path or *. Without it the service is internal.'),
  ready: httpPath('/health').optional().describe('An instance is ready when GET on this path answers 2xx.'),
  metrics: httpPath('/metrics').optional().describe('Path of Prometheus metrics.'),
  sticky: z
    .union([z.literal('cookie'), z.literal(false)], { error: 'expected cookie or false' })
    .optional()
    .describe('A client keeps its version while a release lasts. Default false.'),
  timeout: duration(1).optional().describe('Response headers must have come by then. Default 60s.'),
  hold: keyed({
    requests: whole(0, 100_000).optional().describe('So many requests wait at most. Default 100.'),
    for: duration().optional().describe('So long at most. Default 10s.'),
  })
    .optional()
    .describe('Requests wait instead of failing while no instance is ready but one is coming.'),
  drain: duration()
    .optional()
    .describe('Open requests, downloads and WebSockets may keep an instance that leaves so long. Default 5m.'),
  url: textLike('a scheme, like redis', '^[a-z][a-z0-9+.-]*$', (text) =>
    /^[a-z][a-z0-9+.-]*$/.test(text) ? text : null,
  )
    .optional()
    .describe('Scheme of <SERVICE>_URL for a service without x-friday.port. Default tcp.'),
  process: Process.optional().describe('How the process runtime runs this service.'),
  release: Release.optional().describe('How a new version goes out.'),
  scale: Scale.optional().describe(
    'Instances follow the load, between two bounds. Without it deploy.replicas decides.',
  ),
};

const listen = textOrNumber('a port or host:port, like 127.0.0.1:8080', '^\\S+$', parseListen);

const listens = z.union([listen, z.array(listen)], { error: 'expected a port, host:port, or a list of them' });

const Certificate = keyed({
  cert: anyText('a file, like ./certs/shop.pem').describe('PEM file: the certificate, and behind it the chain.'),
  key: anyText('a file, like ./certs/shop.key')
    .optional()
    .describe('PEM file of its key, without a passphrase. Default: the key is in the same file.'),
});

const host = textLike('a host name, like shop.example.com', '^[^\\s:/]+$', (text) => {
  if (parseHost(text) !== null) return text.toLowerCase();
  return /[:/]/.test(text) ? refusal('leave scheme, port and path out') : null;
});

const Acme = keyed({
  email: textLike('an address, like ops@example.com', '^\\S+@\\S+$', (text) =>
    /^[^\s@]+@[^\s@]+$/.test(text) ? text : null,
  )
    .optional()
    .describe('Where the authority writes to about the account.'),
  hosts: z
    .array(host, { error: 'expected a list of host names' })
    .max(1000, { error: 'expected at most 1000 hosts' })
    .optional()
    .describe('Names to get certificates for. Default: the public names of all routes.'),
  directory: textLike('letsencrypt, letsencrypt-staging or an https URL', '^\\S+$', parseDirectory)
    .optional()
    .describe(
      'The authority: letsencrypt, letsencrypt-staging (for trying out) or the URL of its directory. Default letsencrypt.',
    ),
  ca: anyText('a file, like ./certs/ca.pem')
    .optional()
    .describe('PEM file with the certificate that the directory itself is checked by. Default: those of the system.'),
});

const Tls = keyed({
  listen: listens
    .optional()
    .describe('Where HTTPS arrives. A bare port listens on 127.0.0.1 only. Default 127.0.0.1:8443.'),
  certificates: z
    .array(Certificate, { error: 'expected a list, like [{ cert: ./certs/shop.pem, key: ./certs/shop.key }]' })
    .max(1000, { error: 'expected at most 1000 certificates' })
    .optional()
    .describe('Certificates from files; renewed files are taken by themselves.'),
  self_signed: z
    .union([flag(), z.array(host)], { error: 'expected true, false or a list of host names' })
    .optional()
    .describe(
      'Certificates of the local authority: true for all routes, or for these names. Default: for routes under localhost.',
    ),
  acme: Acme.optional().describe('Certificates of a public authority, got and renewed by themselves (ACME, HTTP-01).'),
  redirect: z
    .union([flag(), whole(1, 65_535)], { error: 'expected true, false or a port' })
    .optional()
    .describe('Plain requests are sent on to HTTPS: true, or the port that clients see. Default false.'),
  hsts: z
    .union([z.literal(false), duration(1000)], { error: 'expected false or a duration, like 180d' })
    .optional()
    .describe('Strict-Transport-Security: browsers ask by HTTPS only for so long. Default false.'),
  min_version: textOrNumber('1.2 or 1.3', '^1\\.[23]$', (text) => (text === '1.2' || text === '1.3' ? text : null))
    .optional()
    .describe('Oldest TLS version. Default 1.2.'),
});

const engineOfNode = textLike('an address like ssh://deploy@10.0.0.2', '^(ssh|tcp|unix)://\\S+$', (text) =>
  /^(ssh|tcp|unix):\/\/\S+$/.test(text) ? text : null,
);

const Swarm = keyed({
  registry: textLike('a registry and a path, like registry.example.com/shop', '^[^\\s:/]+(:\\d+)?(/\\S+)?$', (text) =>
    /^[^\s:/]+(:\d+)?(\/[a-z0-9._/-]+)?$/.test(text) ? text : refusal('leave the scheme and the tag out'),
  )
    .optional()
    .describe('Images are pushed there, and nodes fetch them from there. Without it they are brought to every node.'),
  nodes: z
    .record(z.string(), engineOfNode, { error: 'expected a mapping, like { n2: ssh://deploy@10.0.0.2 }' })
    .optional()
    .describe(
      'How the engine of each node is reached, by host name, to bring images there. Not needed with a registry.',
    ),
});

/** x-friday at the top. */
export const topFridayShape = {
  runtime: oneOf(['process', 'docker', 'swarm']).optional().describe('What runs the services. Default process.'),
  balancer: oneOf(['embedded', 'haproxy']).optional().describe('What splits the traffic. Default embedded.'),
  listen: listens
    .optional()
    .describe('Where public traffic arrives. A bare port listens on 127.0.0.1 only. Default 127.0.0.1:8080.'),
  swarm: Swarm.optional().describe('How images come to the nodes of a Swarm.'),
  tls: Tls.optional().describe('HTTPS: where it listens, and where its certificates come from.'),
  notify: Notify.optional().describe('Who is told of releases.'),
  web: Web.optional().describe('The page of friday itself. Without it, it is used on this machine only.'),
};
