// Every route of the API with its schemas: what the server answers, the OpenAPI document says and the client calls.
import { createRoute, z } from '@hono/zod-openapi';
import { CertificateView } from './certificate-views.ts';
import { DifferencesView } from './difference-views.ts';
import * as examples from './examples.ts';
import * as liveExamples from './live-examples.ts';
import { CourseQuery, CourseView, LiveFrame, LiveQuery, MetricsQuery, RangeView } from './live-views.ts';
import {
  ComparisonBody,
  DownBody,
  DrainBody,
  EventsQuery,
  LogsQuery,
  PauseBody,
  PromoteBody,
  ReleaseBody,
  ReleasesQuery,
  RestartBody,
  RollBackBody,
  UpBody,
  whole,
} from './orders.ts';
import { RecentTrafficView } from './plan-views.ts';
import { ASKED, answer, asking, body, lines, Named, ORDERED, Ordering, ordering, problems } from './route-parts.ts';
import {
  DownView,
  EventView,
  HealthView,
  LogLineView,
  ReleaseView,
  ServiceView,
  StatusView,
  StopView,
  TickView,
  UpView,
  VersionView,
} from './views.ts';

export const getStatus = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/status',
  operationId: 'status',
  summary: 'What runs, what is being released, what is wrong',
  responses: { 200: answer('Now', StatusView, examples.status), ...ASKED },
});

export const getService = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/services/{name}',
  operationId: 'service',
  summary: 'One service with its instances',
  request: { params: Named },
  responses: { 200: answer('Now', ServiceView, examples.service), ...ASKED, ...problems(404) },
});

export const getVersions = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/services/{name}/versions',
  operationId: 'versions',
  summary: 'Versions of a service that can be gone back to, newest first',
  request: { params: Named },
  responses: { 200: answer('Newest first', z.array(VersionView), [examples.version]), ...ASKED, ...problems(404) },
});

export const getTraffic = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/services/{name}/traffic',
  operationId: 'traffic',
  summary: 'What a service has answered within the last hour; what `friday plan` goes by',
  request: { params: Named },
  responses: { 200: answer('Now', RecentTrafficView, examples.recentTraffic), ...ASKED, ...problems(404) },
});

export const getCertificates = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/certificates',
  operationId: 'certificates',
  summary: 'The certificates of HTTPS: names, source, end and next renewal; never a key',
  responses: {
    200: answer('Those that are more exactly meant first', z.array(CertificateView), [examples.certificate]),
    ...ASKED,
  },
});

export const getReleases = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/releases',
  operationId: 'releases',
  summary: 'Releases, newest first, those under way included',
  request: { query: ReleasesQuery },
  responses: { 200: answer('Newest first', z.array(ReleaseView), [examples.release]), ...ASKED },
});

const Numbered = z.object({ id: whole(1, Number.MAX_SAFE_INTEGER).openapi({ param: { name: 'id', in: 'path' } }) });

export const getRelease = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/releases/{id}',
  operationId: 'release',
  summary: 'One release with its numbers',
  request: { params: Numbered },
  responses: { 200: answer('Now, or as it ended', ReleaseView, examples.release), ...ASKED, ...problems(404) },
});

export const getDifferences = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/releases/{id}/changes',
  operationId: 'changes',
  summary: 'What a release changes in the settings of its service',
  description:
    'Compared with the version before it. Values that look like secrets are not shown, only that they changed.',
  request: { params: Numbered },
  responses: { 200: answer('By setting', DifferencesView, examples.differences), ...ASKED, ...problems(404) },
});

export const getTicks = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/releases/{id}/ticks',
  operationId: 'ticks',
  summary: 'What the judge of a release was told, second by second',
  description:
    'The first line says what is compared and by which rules, each further one what one version counted in one second; ' +
    'docs/reference/ticks.md describes them. Kept for the newest 20 releases of each service, a day and 16 MB of each.',
  request: { params: Numbered },
  responses: {
    200: { description: 'Those that are there now', content: lines(TickView, examples.tick) },
    ...ASKED,
    ...problems(404),
  },
});

export const getCourse = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/releases/{id}/course',
  operationId: 'course',
  summary: 'How a release went: its traffic and what the judge said, in few points',
  description: 'From the ticks that are kept of it; empty when nothing was compared or nothing is kept.',
  request: { params: Numbered, query: CourseQuery },
  responses: { 200: answer('Oldest first', CourseView, liveExamples.course), ...ASKED, ...problems(404) },
});

export const getMetrics = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/metrics',
  operationId: 'metrics',
  summary: 'Numbers of the last hour by service, version or instance',
  description:
    'Kept for 61 minutes in steps of 10 s, in memory: they begin anew with the control plane. Requests, errors and latency are ' +
    'counted by version; CPU, memory and open requests by instance, each the highest of a step.',
  request: { query: MetricsQuery },
  responses: { 200: answer('In even steps', RangeView, liveExamples.range), ...ASKED },
});

export const getLive = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/live',
  operationId: 'live',
  summary: 'What is now, about once a second: the one stream that a page needs',
  description:
    'One frame per line (application/x-ndjson, the default) or per server-sent event (Accept: text/event-stream; the id is the ' +
    'sequence number of the journal). A slow reader misses frames, never events. Resume with Last-Event-ID or `after`.',
  request: {
    query: LiveQuery,
    headers: z.object({ 'last-event-id': z.string().optional().describe('Wins over `after`') }),
  },
  responses: {
    200: {
      description: 'Until the reader goes',
      content: { ...lines(LiveFrame, liveExamples.frame), 'text/event-stream': { schema: z.string() } },
    },
    ...ASKED,
    ...problems(404),
  },
});

export const getEvents = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/events',
  operationId: 'events',
  summary: 'The journal, stored and as it grows',
  description:
    'One event per line (application/x-ndjson, the default) or per server-sent event (Accept: text/event-stream; the id is ' +
    'the sequence number). To resume, send the last sequence number as Last-Event-ID or `after`: nothing is lost or repeated. ' +
    'A stream says something every 15 s: an empty line, or an SSE comment. A reader that takes nothing for 30 s is dropped. ' +
    'There are at most 200 streams.',
  request: {
    query: EventsQuery,
    headers: z.object({
      'last-event-id': z.string().optional().describe('The position to resume from; wins over `after`'),
    }),
  },
  responses: {
    200: {
      description: 'Oldest first; ends only with follow=false',
      headers: z.object({
        'x-friday-after': z.string().describe('The position before the first event of this answer'),
      }),
      content: {
        ...lines(EventView, examples.event),
        'text/event-stream': { schema: z.string() },
      },
    },
    ...ASKED,
  },
});

export const getLogs = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/logs',
  operationId: 'logs',
  summary: 'What instances wrote, across versions',
  description:
    'One line of JSON per log line, in order of time. With follow=true it says something every 15 s: an empty line.',
  request: { query: LogsQuery },
  responses: {
    200: {
      description: 'Oldest first',
      content: lines(LogLineView, examples.logLine),
    },
    ...ASKED,
  },
});

export const postUp = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/up',
  operationId: 'up',
  summary: 'Start or update everything in the project',
  description:
    'New services go straight to 100 %; a changed service becomes a release. Answers when the order is remembered: all services ' +
    'are prepared (built) by then, which can take minutes. Nothing is changed unless all can be prepared.',
  request: { headers: Ordering, body: body(UpBody, examples.upOrder) },
  responses: { 200: answer('What changes', UpView, examples.upped), ...ORDERED, ...problems(404) },
});

export const postRelease = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/releases',
  operationId: 'releaseService',
  summary: 'Send a new version of one service out, though nothing may have changed',
  request: { headers: Ordering, params: Named, body: body(ReleaseBody, examples.releaseOrder) },
  responses: { 201: answer('The release', ReleaseView, examples.release), ...ORDERED, ...problems(404) },
});

export const postComparison = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/comparisons',
  operationId: 'compareWithItself',
  summary: 'A/A: compare a service with itself, never to be promoted',
  description: 'The code that people use becomes a candidate beside itself; at the end of the time it is taken back.',
  request: { headers: Ordering, params: Named, body: body(ComparisonBody, examples.comparisonOrder) },
  responses: { 201: answer('The release', ReleaseView, examples.release), ...ORDERED, ...problems(404) },
});

export const postRollBack = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/rollback',
  operationId: 'rollBack',
  summary: 'End the release under way, else go back to an earlier version',
  request: { headers: Ordering, params: Named, body: body(RollBackBody, examples.rollBackOrder) },
  responses: { 200: answer('The release that changed', ReleaseView, examples.release), ...ORDERED, ...problems(404) },
});

export const postPromote = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/promote',
  operationId: 'promote',
  summary: 'Go to the next step now, or further',
  request: { headers: Ordering, params: Named, body: body(PromoteBody, examples.promoteOrder) },
  responses: { 200: answer('The release that changed', ReleaseView, examples.release), ...ORDERED, ...problems(404) },
});

export const postPause = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/pause',
  operationId: 'pause',
  summary: 'Hold the release at its weight; the judge still watches',
  request: { headers: Ordering, params: Named, body: body(PauseBody, examples.pauseOrder) },
  responses: { 200: answer('The release that changed', ReleaseView, examples.release), ...ORDERED, ...problems(404) },
});

export const postRestart = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/restart',
  operationId: 'restart',
  summary: 'Restart one instance, or all of them one after the other',
  description:
    'A new instance of the same version stands in first; then the old one gets no more requests, ends its open ones and stops. ' +
    'Not while versions are compared, and only behind the balancer.',
  request: { headers: Ordering, params: Named, body: body(RestartBody, examples.restartOrder) },
  responses: { 200: answer('The service', ServiceView, examples.service), ...ORDERED, ...problems(404) },
});

export const postDrain = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/services/{name}/drain',
  operationId: 'drain',
  summary: 'Take one instance out of traffic to look at it, or end that',
  description:
    'A new instance of the same version stands in first; then this one gets no more requests, ends its open ones and runs on for an ' +
    'hour at most. At most two of a service. `out` and `back` not while versions are compared, and only behind the balancer.',
  request: { headers: Ordering, params: Named, body: body(DrainBody, examples.drainOrder) },
  responses: { 200: answer('The service', ServiceView, examples.service), ...ORDERED, ...problems(404) },
});

export const postDown = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/down',
  operationId: 'down',
  summary: 'Stop services: traffic leaves, open requests end, instances stop',
  description: 'When nothing is left, the balancer and the control plane end too, after the last instance.',
  request: { headers: Ordering, body: body(DownBody, examples.downOrder) },
  responses: { 200: answer('What stops', DownView, examples.downed), ...ORDERED, ...problems(404) },
});

export const postStop = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/stop',
  operationId: 'stop',
  summary: 'End the control plane; instances and balancer go on',
  request: { headers: Ordering },
  responses: { 202: answer('It ends after this answer', StopView, { isStopping: true }), ...problems(401, 403, 422) },
});

export const getHealth = createRoute({
  tags: ['Health'],
  method: 'get',
  path: '/healthz',
  operationId: 'healthz',
  summary: 'The control plane is alive',
  responses: { 200: answer('Alive', HealthView, { status: 'ok' }), ...problems(403) },
});

export const getReady = createRoute({
  tags: ['Health'],
  method: 'get',
  path: '/readyz',
  operationId: 'readyz',
  summary: 'The control plane works: its loop has turned within the last 5 s',
  responses: { 200: answer('Works', HealthView, { status: 'ok' }), ...problems(403, 503) },
});

export const getPrometheus = createRoute({
  ...asking,
  method: 'get',
  path: '/metrics',
  operationId: 'prometheus',
  summary: 'Numbers of the control plane for Prometheus: when certificates end',
  responses: {
    200: {
      description: 'Text format 0.0.4',
      content: { 'text/plain': { schema: z.string(), example: examples.prometheus } },
    },
    ...ASKED,
  },
});

export const getDocument = createRoute({
  ...asking,
  method: 'get',
  path: '/openapi.json',
  operationId: 'openapi',
  summary: 'This document',
  responses: { 200: answer('OpenAPI 3.1', z.record(z.string(), z.unknown()), {}), ...problems(401, 403) },
});
