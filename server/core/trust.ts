// What installs ask of whoever judges images, and what that asks of SQLite.
import type { TrustBasis, TrustVerdict } from '../contract/trust.ts'

/** A verdict with all that it rests on, so that others can judge again. */
export interface TrustCheck {
  basis: TrustBasis
  verdict: TrustVerdict
}

/** By the digest of the manifest that is installed. */
export interface TrustGate {
  check(image: { repository: string; digest: string }): Promise<TrustCheck>
}

/** The last verdict on each image. */
export interface VerdictRecords {
  verdict(repository: string, digest: string): TrustVerdict | undefined
  putVerdict(repository: string, digest: string, verdict: TrustVerdict): void
}
