// The routes that change something: who orders, what, and the answer of the control plane.
import * as nodeRoutes from '../api/node-routes.ts';
import * as routes from '../api/routes.ts';
import { Failure } from '../core/failure.ts';
import type { Project } from '../core/spec/project.ts';
import { byOf, orderOf } from './access/caller.ts';
import type { App, AppOptions, Engines } from './app.ts';

export function serveOrders(app: App, { control, stop, engines, configure }: AppOptions): void {
  app.openapi(routes.postUp, async (c) => {
    const body = c.req.valid('json');
    requireOurs(body.project, control.status().project, engines);
    c.set('about', body.isDryRun ? 'dry run' : body.services.join(' ').slice(0, 100));
    const view = await control.up({ ...body, by: byOf(c) });
    if (!body.isDryRun) await configure?.(body.project);
    return c.json(view, 200);
  });
  app.openapi(routes.postRelease, async (c) => {
    const service = c.req.valid('param').name;
    const body = c.req.valid('json');
    requireOurs(body.project, control.status().project, engines);
    const view = await control.releaseService({ ...body, service, by: byOf(c) });
    return c.json(view, 201, { location: `/api/v1/releases/${view.id}` });
  });
  app.openapi(routes.postComparison, async (c) => {
    const { weight, bakeMs, reason } = c.req.valid('json');
    const view = await control.compareWithItself(
      c.req.valid('param').name,
      { weight, bakeMs },
      { by: byOf(c), reason },
    );
    return c.json(view, 201, { location: `/api/v1/releases/${view.id}` });
  });
  app.openapi(routes.postRollBack, async (c) => {
    const { version, reason } = c.req.valid('json');
    return c.json(await control.rollBack(c.req.valid('param').name, version, orderOf(c, reason)), 200);
  });
  app.openapi(routes.postPromote, async (c) => {
    const { to, version, reason } = c.req.valid('json');
    return c.json(await control.promote(c.req.valid('param').name, { to, version }, orderOf(c, reason)), 200);
  });
  app.openapi(routes.postPause, async (c) => {
    const { reason } = c.req.valid('json');
    return c.json(await control.pause(c.req.valid('param').name, { by: byOf(c), reason }), 200);
  });
  app.openapi(routes.postRestart, async (c) => {
    const { instance, reason } = c.req.valid('json');
    return c.json(await control.restart(c.req.valid('param').name, instance, { by: byOf(c), reason }), 200);
  });
  app.openapi(routes.postDrain, async (c) => {
    const { instance, act, reason } = c.req.valid('json');
    return c.json(await control.drain(c.req.valid('param').name, { instance, act }, { by: byOf(c), reason }), 200);
  });
  app.openapi(nodeRoutes.postNodeDrain, async (c) => {
    const { reason } = c.req.valid('json');
    return c.json(await control.drainNode(c.req.valid('param').name, { by: byOf(c), reason }), 200);
  });
  app.openapi(nodeRoutes.postNodeActivate, async (c) => {
    const { reason } = c.req.valid('json');
    return c.json(await control.activateNode(c.req.valid('param').name, { by: byOf(c), reason }), 200);
  });
  app.openapi(routes.postDown, async (c) => {
    const { services, reason } = c.req.valid('json');
    return c.json(await control.down(services, { by: byOf(c), reason }), 200);
  });
  app.openapi(routes.postStop, (c) => {
    stop(byOf(c));
    return c.json({ isStopping: true as const }, 202);
  });
}

/** The project must be the one that this control plane runs, on the engines that it has. Failures: `conflict`, `invalid`. */
function requireOurs(project: Project, name: string, engines: Engines): void {
  if (project.name !== name) {
    const message = `This is the control plane of ${name}; ${project.file} is of the project ${project.name}.`;
    throw new Failure('conflict', message, { hint: 'Check --host, or the name at the top of the file.' });
  }
  for (const kind of ['runtime', 'balancer'] as const) {
    if (project[kind] === engines[kind]) continue;
    const message = `${project.file} asks for the ${kind} ${project[kind]}; this control plane has ${engines[kind]}.`;
    throw new Failure('invalid', message, {
      hint: `Write \`${kind}: ${engines[kind]}\` under x-friday, or change it with: friday down, then friday up.`,
    });
  }
}
