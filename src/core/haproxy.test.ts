// Which HAProxy can be used.
import { expect, it } from 'vitest';
import { haproxyVersion, lackOf } from './haproxy.ts';

const text = (version: string, features = '+LUA -PCRE +THREAD') =>
  `HAProxy version ${version} 2026/10/17 - https://haproxy.org/\nFeature list : ${features}\n`;

it.each([
  ['2.6.12-1+deb12u4', null],
  ['3.2.0', null],
  ['2.10.1', null],
  ['2.4.22', 'it is 2.4.22, and 2.6 is the oldest that can be used'],
  ['1.8.9', 'it is 1.8.9, and 2.6 is the oldest that can be used'],
])('%s lacks %s', (version, lack) => {
  expect([haproxyVersion(text(version)), lackOf(text(version))]).toEqual([version, lack]);
});

it('one that was built without what is needed cannot be used, nor one that says nothing', () => {
  expect(lackOf(text('2.8.1', '-LUA +THREAD'))).toBe('it was built without LUA');
  expect(lackOf(text('2.8.1', '-LUA +THREAD_DUMP'))).toBe('it was built without LUA and THREAD');
  expect(lackOf('command not found')).toBe('it does not tell its version');
});
