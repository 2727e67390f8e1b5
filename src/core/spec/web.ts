// x-friday.web: the page of friday itself.
import { z } from 'zod';
import { keyed, refusal, textLike } from './scalars.ts';

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(?=.{1,253}(:|$))${LABEL}(\\.${LABEL})*(:\\d{1,5})?$`, 'i');

const publicHost = textLike(
  'a host like friday.example.com, with its port if it is not 443',
  '^[A-Za-z0-9.-]+(:\\d{1,5})?$',
  (text) => {
    if (/^[a-z]+:\/\//i.test(text)) return refusal('leave the scheme out: it is https');
    return HOST.test(text) ? text.toLowerCase().replace(/:443$/, '') : null;
  },
);

export const Web = keyed({
  host: z
    .union([publicHost, z.array(publicHost).max(10)], { error: 'expected a host, or a list of them' })
    .describe('Where a reverse proxy serves the page over TLS.'),
});
