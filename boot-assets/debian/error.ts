// What can go wrong when something is made from Debian packages.

export type DebianErrorCode =
  /** The step needs root. */
  | 'NOT_ROOT'
  /** A package the build host needs is missing and could not be installed. */
  | 'HOST_PACKAGE_MISSING'
  /** No Debian mirror in the host's apt configuration. */
  | 'NO_MIRROR'
  /** The mirror does not answer, or not with that suite. */
  | 'MIRROR_UNREACHABLE'
  /** No keyring that can check the suite's signature. */
  | 'NO_KEYRING'
  /** mmdebstrap could not make the root. */
  | 'ROOT_FAILED'

export class DebianError extends Error {
  override name = 'DebianError'
  readonly code: DebianErrorCode
  constructor(code: DebianErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
