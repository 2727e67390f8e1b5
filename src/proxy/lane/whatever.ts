// Requests for the fuzz tests of the fast lane: nearly right, and in the known shapes of smuggling.
import fc from 'fast-check';

export const often = <T>(usual: readonly T[], odd: readonly T[], share = 12) =>
  fc.oneof({ arbitrary: fc.constantFrom(...usual), weight: share }, { arbitrary: fc.constantFrom(...odd), weight: 1 });

const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n ', ' \r\n', '\t\r\n', '', '\r\n\t'];
export const lineEnd = often(['\r\n'], LINE_ENDS, 60);
const CHARACTERS = [
  '\0',
  '\t',
  '\n',
  '\r',
  ' ',
  ':',
  ';',
  ',',
  '"',
  '/',
  '%',
  '\x0b',
  '\x7f',
  '\x80',
  '\xa0',
  '\xff',
  'a',
  '0',
  '-',
];

const aWord = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_.~!$&()*+=@/?%;:,"<>[]{}|^`\\#\'\t \x7f\xe4'),
  maxLength: 12,
});
const aPlainWord = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 12 });

const method = often(
  ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
  [
    'get',
    'Get',
    'GE T',
    '',
    ' GET',
    'GET\t',
    'CONNECT',
    'TRACE',
    'PROPFIND',
    'M-SEARCH',
    'G@T',
    'GETX',
    'PRI',
    '\r\nGET',
    'QUERY',
  ],
);
const TARGETS = [
  '*',
  'x',
  'http://x/y',
  'http://me@x/',
  '/a b',
  '/\\',
  '/\x7f',
  '/\xe4',
  '/#f',
  '',
  '/\0',
  '/\t',
  'x:1',
  '/a"b',
  '/{x}',
];
const target = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      '/',
      '/hello',
      '/a/b?c=d',
      '//',
      '/../x',
      '/./',
      '/%2e%2e/%00',
      '/a;b=c',
      '/?',
      '/a?b?c',
    ),
    weight: 80,
  },
  { arbitrary: fc.constantFrom(...TARGETS), weight: 10 },
  { arbitrary: aWord.map((one) => `/${one}`), weight: 20 },
  { arbitrary: fc.integer({ min: 100, max: 20_000 }).map((length) => `/${'x'.repeat(length)}`), weight: 2 },
);
const version = often(
  ['HTTP/1.1'],
  [
    'HTTP/1.0',
    'HTTP/0.9',
    'HTTP/1.11',
    'http/1.1',
    'HTTP/2.0',
    'HTTP/1,1',
    'HTTP/1.',
    '',
    'HTTPS/1.1',
    'HTTP/1.1 ',
    'ICE/1.0',
  ],
  40,
);

const colon = often([': ', ': ', ':'], [' : ', ':  ', '', ' ', ':\t', '\t:', ' :', '::', ': \r\n '], 50);
const FRAMING = [
  ...[
    'content-length',
    'Content-Length',
    'CONTENT-LENGTH',
    'transfer-encoding',
    'Transfer-Encoding',
    'connection',
    'Connection',
  ],
  ...['host', 'Host', 'expect', 'upgrade', 'te', 'trailer', 'proxy-connection', 'keep-alive', 'http2-settings'],
];
const name = fc.oneof(
  {
    arbitrary: fc.constantFrom('accept', 'User-Agent', 'cookie', 'X_Y', 'x-friday-version', 'traceparent', 'a'),
    weight: 100,
  },
  { arbitrary: fc.constantFrom(...FRAMING), weight: 40 },
  { arbitrary: aPlainWord, weight: 30 },
  { arbitrary: aWord, weight: 4 },
  {
    arbitrary: fc.constantFrom('', ' ', 'a b', 'content-length ', ' content-length', 'x(', '\xe4', 'a\0'),
    weight: 2,
  },
);
const VALUES = [
  ...[
    '0',
    '4',
    '5',
    '00',
    '04',
    '+4',
    '-4',
    '0x4',
    '4, 4',
    '4,4',
    '4 ',
    '4\t',
    '4;',
    '1e1',
    '99999999999999999999',
    '18446744073709551620',
  ],
  ...[
    'chunked',
    'Chunked',
    'chunked, identity',
    'gzip, chunked',
    'identity',
    'xchunked',
    '"chunked"',
    'chunked;a=b',
    ' chunked',
  ],
  ...[
    'keep-alive',
    'close',
    'Keep-Alive',
    'upgrade',
    'close, x',
    'keep-alive, close',
    'x-a',
    'te',
    'h2c',
    '100-continue',
    'timeout=5',
  ],
];
const value = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'x',
      'x.test',
      '*/*',
      'a=b; c=d',
      'text/html,application/xml;q=0.9',
      '"q"',
      'v2',
      '[::1]:80',
    ),
    weight: 100,
  },
  { arbitrary: fc.constantFrom(...VALUES), weight: 50 },
  { arbitrary: aWord, weight: 10 },
  {
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\t',
      'a\tb',
      ' a',
      'a ',
      'a\0b',
      'a\rb',
      'a\nb',
      'a\r\n b',
      '\xe4',
      '\x7f',
      'a\x0bb',
    ),
    weight: 4,
  },
  { arbitrary: fc.integer({ min: 1_000, max: 20_000 }).map((length) => 'v'.repeat(length)), weight: 1 },
);
export const aHeader = fc.tuple(name, colon, value, lineEnd).map((parts) => parts.join(''));
const aHost = often(
  ['Host: x\r\n', 'host: x.test:80\r\n', 'HOST:x\r\n'],
  ['', 'Host: x\r\nHost: y\r\n', 'Host : x\r\n', 'Host:\r\n'],
  20,
);
const headers = fc
  .tuple(aHost, fc.array(aHeader, { maxLength: 5 }), fc.nat(5))
  .map(([host, others, place]) => others.toSpliced(place, 0, host).join(''));

const CHUNKS = [
  '4\r\nbody\r\n0\r\n\r\n',
  '4;a=b\r\nbody\r\n0\r\n\r\n',
  '0\r\nx: y\r\n\r\n',
  '4\nbody\r\n0\r\n\r\n',
  '5\r\nbody\r\n0\r\n\r\n',
];
const BODIES = ['body', 'hello', 'x', '\r\n', '\0\0\0\0', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', ...CHUNKS];
/** With the length that it says, mostly; a length that lies is among the headers above. */
const content = fc
  .tuple(fc.constantFrom(...BODIES), fc.constantFrom('Content-Length: ', 'content-length:'), fc.nat(15))
  .map(([body, start, lie]) => ({ header: `${start}${body.length + (lie === 0 ? 1 : 0)}\r\n`, body }));
export const framing = fc.oneof(
  { arbitrary: fc.constant({ header: '', body: '' }), weight: 60 },
  { arbitrary: content, weight: 30 },
  {
    arbitrary: fc.constantFrom(...CHUNKS).map((body) => ({ header: 'transfer-encoding: chunked\r\n', body })),
    weight: 10,
  },
  { arbitrary: fc.constantFrom(...BODIES).map((body) => ({ header: '', body })), weight: 5 },
);
export const blank = often(['\r\n'], ['\n', '', '\r', ' \r\n', '\r\n\r\n'], 40);

type Edit = { readonly at: number; readonly cut: number; readonly put: string };
const anEdit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(2),
  put: fc.oneof(fc.constant(''), fc.constantFrom(...CHARACTERS)),
});
/** Most stay as they are. */
export const edits = fc.oneof(
  { arbitrary: fc.constant<Edit[]>([]), weight: 4 },
  { arbitrary: fc.array(anEdit, { minLength: 1, maxLength: 3 }), weight: 1 },
);

export const edited = (text: string, changes: readonly Edit[]) =>
  changes.reduce((now, { at, cut, put }) => {
    const place = Math.floor(at * now.length);
    return now.slice(0, place) + put + now.slice(place + cut);
  }, text);

/** One character is one byte. */
export const aRequest = fc
  .tuple(
    method,
    often([' '], ['  ', '\t', ''], 60),
    target,
    often([' '], ['  ', '\t', ''], 60),
    version,
    lineEnd,
    headers,
    framing,
    blank,
    edits,
  )
  .map(([verb, gap, path, space, protocol, end, lines, { header, body }, empty, changes]) =>
    edited(`${verb}${gap}${path}${space}${protocol}${end}${lines}${header}${empty}${body}`, changes),
  );
