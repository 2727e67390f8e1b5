// Which parameters are taken, and what is said about the others.
import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

const address = { schemes: ['http:', 'https:'], example: 'http://127.0.0.1:5001', isRequired: true };

describe('readEnvironment', () => {
  it.each([
    ['http://127.0.0.1:5001', 'http://127.0.0.1:5001'],
    ['https://maths.example/api/', 'https://maths.example/api'],
  ])('takes the address %s as %s', (text, value) => {
    const environment = readEnvironment({ X: text });
    expect(environment.address('X', address)).toBe(value);
    expect(environment.problems).toEqual([]);
  });

  it.each(['ftp://a', 'a:1', 'http://', 'maths', '//maths'])(
    'refuses the address %s and says what is wanted',
    (text) => {
      const environment = readEnvironment({ X: text });
      expect(environment.address('X', address)).toBeNull();
      expect(environment.problems).toEqual([`X is "${text}", not an address such as http://127.0.0.1:5001.`]);
    },
  );

  it('misses a required address and not an optional one', () => {
    const environment = readEnvironment({ X: '' });
    environment.address('X', { ...address, isRequired: false });
    expect(environment.problems).toEqual([]);
    environment.address('X', address);
    expect(environment.problems).toEqual(['X is missing: set it to an address, for example X=http://127.0.0.1:5001.']);
  });

  it.each([
    ['127.0.0.1:8125', { host: '127.0.0.1', port: 8125 }],
    ['statsd:1', { host: 'statsd', port: 1 }],
    ['[::1]:8125', { host: '::1', port: 8125 }],
  ])('takes %s as host and port', (text, value) => {
    expect(readEnvironment({ X: text }).hostAndPort('X')).toEqual(value);
  });

  it.each(['statsd', 'statsd:0', 'statsd:70000', ':8125', 'udp://a:1', 'a b:1'])(
    'refuses %s as host and port',
    (text) => {
      const environment = readEnvironment({ X: text });
      expect(environment.hostAndPort('X')).toBeNull();
      expect(environment.problems).toHaveLength(1);
    },
  );

  it.each(['-1', '1e1', '0x1', '5.5', '11', 'ten', '1 2'])('refuses %s as a whole number from 0 to 10', (text) => {
    const environment = readEnvironment({ X: text });
    environment.number('X', { min: 0, max: 10, isWhole: true });
    expect(environment.problems).toEqual([`X is "${text}", not a whole number from 0 to 10.`]);
  });
});
