// The routes of the nodes of a Swarm.
import { createRoute, z } from '@hono/zod-openapi';
import * as examples from './examples.ts';
import { NodeView } from './node-views.ts';
import { NodeBody } from './orders.ts';
import { ASKED, answer, asking, body, Named, ORDERED, Ordering, ordering, problems } from './route-parts.ts';

export const getNodes = createRoute({
  ...asking,
  method: 'get',
  path: '/api/v1/nodes',
  operationId: 'nodes',
  summary: 'The nodes of a Swarm, managers first, with the instances of this project',
  responses: { 200: answer('Now', z.array(NodeView), [examples.node]), ...ASKED, ...problems(409) },
});

export const postNodeDrain = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/nodes/{name}/drain',
  operationId: 'drainNode',
  summary: 'Empty a node: others stand in for its instances first, then they drain and stop',
  request: { headers: Ordering, params: Named, body: body(NodeBody, examples.nodeOrder) },
  responses: { 200: answer('The node', NodeView, examples.node), ...ORDERED, ...problems(404) },
});

export const postNodeActivate = createRoute({
  ...ordering,
  method: 'post',
  path: '/api/v1/nodes/{name}/activate',
  operationId: 'activateNode',
  summary: 'Let instances run on a node again; what runs elsewhere stays there',
  request: { headers: Ordering, params: Named, body: body(NodeBody, examples.nodeOrder) },
  responses: { 200: answer('The node', NodeView, examples.node), ...ORDERED, ...problems(404) },
});
