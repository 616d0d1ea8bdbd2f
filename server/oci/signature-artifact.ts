// GPG signatures as the store keeps them: each in a manifest of its own that refers to its image, so that they are listed, bundled and removed with it.
import { createHash } from 'node:crypto'
import type { FetchedManifest } from './registry-client.ts'
import { OCI_MANIFEST } from './media-types.ts'
import { digestOf } from './verify.ts'

/** A simple signature (containers-signature(5)): a text signed by OpenPGP, as `skopeo copy --sign-by` makes it. */
export const GPG_SIGNATURE = 'application/vnd.landfall.gpg-signature.v1'

const EMPTY_CONFIG = Buffer.from('{}')

export interface SignatureArtifact {
  manifest: FetchedManifest
  blobs: Buffer[]
}

/** The same signature of the same image gives the same manifest. */
export function signatureArtifact(
  subject: { mediaType: string; digest: string; size: number },
  signature: Buffer,
): SignatureArtifact {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: GPG_SIGNATURE,
      config: descriptor('application/vnd.oci.empty.v1+json', EMPTY_CONFIG),
      layers: [descriptor(GPG_SIGNATURE, signature)],
      subject,
    }),
  )
  return { manifest: { bytes, digest: digestOf(bytes), mediaType: OCI_MANIFEST }, blobs: [EMPTY_CONFIG, signature] }
}

/** What distinguishes a signature from others of its image, in 32 hex digits. */
export function signatureName(signature: Buffer): string {
  return createHash('sha256').update(signature).digest('hex').slice(0, 32)
}

function descriptor(mediaType: string, content: Buffer): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digestOf(content), size: content.length }
}
