// The parameters of the service, read from its environment and checked before anything listens.

export type Parameters = {
  /** 1 to 65535. */
  readonly port: number;
  /** The address to listen on: 127.0.0.1 unless said otherwise; in a container 0.0.0.0. */
  readonly host: string;
};

/** Either the parameters, or what is wrong with them: one sentence each. */
export function readParameters(
  environment: Readonly<Record<string, string | undefined>>,
): { readonly parameters: Parameters } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const { PORT = '', HOST = '' } = environment;
  const port = /^[0-9]{1,5}$/.test(PORT) ? Number(PORT) : 0;
  if (PORT === '') problems.push('PORT is missing: set it to the port to listen on, for example PORT=5000.');
  else if (port < 1 || port > 65_535) problems.push(`PORT is "${PORT}", not a whole number from 1 to 65535.`);
  if (!/^[0-9a-zA-Z.:-]*$/.test(HOST)) problems.push(`HOST is "${HOST}", not an address such as 0.0.0.0.`);
  return problems.length > 0 ? { problems } : { parameters: { port, host: HOST === '' ? '127.0.0.1' : HOST } };
}
