// What a signature says, once it is known to be its signer's.

/** What an OpenPGP signed message claims, once gpg knows it to be by one of the armored keys. Throws TrustError. */
export type ClaimByGpg = (message: Buffer, keys: readonly string[]) => Promise<Claim>

export interface Claim {
  signer: string
  /** Digests of the manifests it is for. */
  digests: string[]
  /** The reference it names; null where its kind names none. */
  reference: string | null
  signedAt: Date | null
}
