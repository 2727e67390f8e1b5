// What the service says: the file to edit for a new version.

export type Answer = { readonly status: number; readonly body: unknown };

export function answer(method: string, path: string): Answer {
  if (path !== '/hello' && path !== '/health') return { status: 404, body: { error: 'There is /hello and /health.' } };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: { error: `${path} answers GET and HEAD.` } };
  if (path === '/health') return { status: 200, body: { status: 'ok' } };
  return { status: 200, body: { hello: 'world' } };
}
