// The port to certificates: from files, of this machine, and from an authority that is asked over the network.
import type { CertificatesSeen } from '../core/certificates.ts';
import type { TlsSpec } from '../core/spec/project.ts';

export interface Certificates {
  /**
   * What there is for `wanted` now, and what an authority asks for. Begins what is due (a changed file, a renewal, an
   * order) and waits for none of it. `routed` are the challenges that the balancer answers by now. Failure: `unavailable`
   * (the folder cannot be written).
   */
  look(wanted: TlsSpec, routed: ReadonlySet<string>): Promise<CertificatesSeen>;

  /** Whether the files of `wanted` can be used. Failure: `invalid`, naming file and reason. Changes nothing. */
  check(wanted: TlsSpec): Promise<void>;

  /** Calls when the next look has something new. Gives the function that ends it. */
  onChange(listener: () => void): () => void;

  /** Waits for nothing: an order under way goes on after the next start. Idempotent. */
  close(): void;
}
