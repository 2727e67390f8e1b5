// Tests of the names of routes: what is one kind of request, and what cannot go wrong whatever clients send.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_ROUTE, routeOf } from './route.ts';

describe('a route', () => {
  it.each([
    ['GET', '/', 'GET /'],
    ['GET', '', 'GET *'],
    ['OPTIONS', '*', 'OPTIONS *'],
    ['POST', '/checkout?step=2&to=/a/b', 'POST /checkout'],
    ['GET', '/articles/how-to-bake-bread/comments', 'GET /articles/*/comments'],
    ['GET', '/users/42', 'GET /users/*'],
    ['GET', '/users/alice', 'GET /users/alice'],
    ['GET', '/@alice/followers', 'GET /*/followers'],
    ['GET', '/orders/A-10442/lines/7', 'GET /orders/*/lines/*'],
    ['GET', '/api/v1/two-factor/oauth2', 'GET /api/v1/two-factor/oauth2'],
    ['GET', '/assets/main.8f3a2b1c.js', 'GET /assets/*'],
    ['GET', '/a/b/c/d', 'GET /a/b/c/d'],
    ['GET', '/a/b/c/d/e/f', 'GET /a/b/c/d/…'],
    ['GET', '//a///b/', 'GET /a/b'],
    ['GET', '/a#b?c', 'GET /a'],
    ['GET', '/caf%C3%A9/%00%ff', 'GET /*/*'],
    ['GET', '/cart;jsessionid=AbC', 'GET /*'],
    ['GET', '/getUserProfileV2Details', 'GET /getUserProfileV2Details'],
    ['GET', '/t/dQw4w9WgXcQxYzAbCdEfGh', 'GET /t/*'],
    ['M-SEARCH', '/a', 'M-SEARCH /a'],
    ['get /x\n', '/a', '* /a'],
  ])('of %s %s is %s', (method, url, route) => {
    expect(routeOf(method, url)).toBe(route);
  });

  const id = fc.oneof(
    fc.nat().map(String),
    fc.uuid(),
    fc.stringMatching(/^[0-9a-f]{16,40}$/),
    fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{10}[0-9]{3}[0-9A-HJKMNP-TV-Z]{13}$/),
    fc.stringMatching(/^([A-Z][a-z]){8,20}$/),
    fc.stringMatching(/^[A-Za-z]{41,300}$/),
    fc.stringMatching(/^[a-z]{0,5}%[0-9A-F]{2}[a-z]{0,5}$/),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
  );

  it('is the same whatever the id in it', () => {
    fc.assert(fc.property(id, (one) => routeOf('GET', `/articles/${one}/comments`) === 'GET /articles/*/comments'));
  });

  it('is the same whatever the query', () => {
    fc.assert(
      fc.property(
        fc.webPath(),
        fc.string(),
        (path, query) => routeOf('GET', `${path}?${query}`) === routeOf('GET', path),
      ),
    );
  });

  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3000 }),
    fc.webPath({ size: '+1' }),
    fc.array(fc.oneof(id, fc.string({ unit: 'binary' })), { maxLength: 12 }).map((parts) => `/${parts.join('/')}`),
  );

  it('is short, has no sign that users choose freely, and is the route of itself, whatever is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom('GET', 'POST'), fc.string({ unit: 'binary' })), anything, (method, url) => {
        const route = routeOf(method, url);
        expect(route.length).toBeLessThanOrEqual(LONGEST_ROUTE);
        expect(route).toMatch(/^([A-Z-]+|\*) (\*|(\/[A-Za-z0-9._:$-]+|\/\*){1,4}(\/…)?|\/)$/);
        const [verb = '', path = ''] = route.split(' ');
        expect(routeOf(verb, path)).toBe(path === '*' ? `${verb} *` : route);
      }),
      { numRuns: 1000 },
    );
  });
});
