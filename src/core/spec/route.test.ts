// Routes and addresses to listen on, as they are written and as they are meant.
import { describe, expect, it } from 'vitest';
import { parseListen, parseRoute, routeHint } from './route.ts';

describe('parseRoute', () => {
  it.each([
    ['*', { host: '*', path: '/' }],
    ['Shop.Example.com', { host: 'shop.example.com', path: '/' }],
    ['shop.example.com/', { host: 'shop.example.com', path: '/' }],
    ['shop.example.com/api/', { host: 'shop.example.com', path: '/api' }],
    ['*/a/b', { host: '*', path: '/a/b' }],
    ['calc.localhost', { host: 'calc.localhost', path: '/' }],
    ['10.0.0.1', { host: '10.0.0.1', path: '/' }],
  ])('reads %s', (text, route) => expect(parseRoute(text)).toEqual(route));

  it.each([
    '',
    '/api',
    'a b',
    'a:80',
    'http://a',
    '*.a',
    'a..b',
    '-a',
    'a/b?c',
    'a//b',
    'a/#',
    `${'a'.repeat(64)}.b`,
    'ü.de',
  ])('refuses %j', (text) => expect(parseRoute(text)).toBeNull());

  it('knows what to do about common mistakes', () => {
    expect(routeHint('/api')).toBe('write */api for any host');
    expect(routeHint('ftp://a')).toBe('leave the scheme out');
    expect(routeHint('a b')).toBeNull();
  });
});

describe('parseListen', () => {
  it.each([
    ['8080', { host: '127.0.0.1', port: 8080 }],
    ['0', { host: '127.0.0.1', port: 0 }],
    [':80', { host: '0.0.0.0', port: 80 }],
    ['*:80', { host: '0.0.0.0', port: 80 }],
    ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
    ['[::]:443', { host: '::', port: 443 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
  ])('reads %s', (text, listen) => expect(parseListen(text)).toEqual(listen));

  it.each(['', 'a', ':', '65536', '1.2.3:80', '256.1.1.1:80', '::1:80', 'a b:80', '80:80:80', '-1', '8e1', '[x]:80'])(
    'refuses %j',
    (text) => expect(parseListen(text)).toBeNull(),
  );
});
