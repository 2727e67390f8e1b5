// The routes of messages to people.
import * as routes from '../../api/notice-routes.ts';
import type { App } from '../app.ts';
import type { Outbox } from './outbox.ts';

/** Without an outbox nobody is told, and that is what is shown. */
export function serveNotices(app: App, outbox: Pick<Outbox, 'view' | 'test'> | undefined): void {
  app.openapi(routes.getNotifications, (c) => c.json(outbox?.view() ?? { targets: [], deliveries: [] }, 200));
  app.openapi(routes.postTest, async (c) => c.json((await outbox?.test()) ?? [], 200));
}
