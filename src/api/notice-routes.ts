// The routes of messages to people.
import { createRoute, z } from '@hono/zod-openapi';
import { NotificationsView, type NotificationsView as Shown, TestView } from './notice-views.ts';
import { ASKED, answer, asking, body, ORDERED } from './route-parts.ts';

const about = { ...asking, tags: ['Notifications'] };
const at = 1_795_161_600_000;

const shown: Shown = {
  targets: [
    { name: 'slack-1', type: 'slack', events: ['approval', 'rolled_back'], services: [], isFailing: false, waiting: 0 },
  ],
  deliveries: [
    {
      target: 'slack-1',
      kind: 'rolled_back',
      service: 'api',
      release: 7,
      at,
      state: 'sent',
      tries: 1,
      doneAt: at + 300,
      nextAt: null,
      error: '',
    },
  ],
};

export const getNotifications = createRoute({
  ...about,
  method: 'get',
  path: '/api/v1/notifications',
  operationId: 'notifications',
  summary: 'Who is told of releases, and how it went',
  responses: { 200: answer('Now', NotificationsView, shown), ...ASKED },
});

export const postTest = createRoute({
  ...about,
  method: 'post',
  path: '/api/v1/notifications/test',
  operationId: 'testNotifications',
  summary: 'Send a test message to every target, now',
  request: { body: body(z.strictObject({}).openapi('TestOrder'), {}) },
  responses: { 200: answer('How it went', TestView, [{ target: 'slack-1', isSent: true, error: '' }]), ...ORDERED },
});
