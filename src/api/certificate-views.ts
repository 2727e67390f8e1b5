// What the API shows of certificates: never a key, nor where one is.
import { z } from '@hono/zod-openapi';

const ms = z.number().describe('Milliseconds since 1970');

export const CertificateView = z
  .object({
    name: z.string().describe('Stays when it is renewed: the path of a file, a host, or `self-signed`'),
    source: z
      .enum(['file', 'acme', 'self-signed', 'temporary'])
      .describe('Temporary: signed by nobody that browsers believe, until there is another one'),
    hosts: z.array(z.string()),
    issuer: z.string().nullable().describe('Null while there is no certificate yet'),
    notBefore: ms.nullable(),
    notAfter: ms.nullable(),
    renewAt: ms.nullable().describe('When the next one is got by itself; null when a person has to'),
    problem: z.string().nullable().describe('What is wrong, for a person; null when all is well'),
  })
  .openapi('Certificate');
export type CertificateView = z.infer<typeof CertificateView>;
