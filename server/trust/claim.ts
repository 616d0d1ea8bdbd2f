// What a signature says, once it is known to be its signer's.

export interface Claim {
  signer: string
  /** Digests of the manifests it is for. */
  digests: string[]
  /** The reference it names; null where its kind names none. */
  reference: string | null
  signedAt: Date | null
}
