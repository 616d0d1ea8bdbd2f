// Where signatures of an image lie in a registry, and reading them: the tag `sha256-<hex>.sig` of cosign 2 and containers/image, manifests that
// refer to the image (distribution specification 1.1, "referrers") with sigstore bundles in them, and what lies beside the registry.
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '../contract/trust.ts'
import type { TrustEvidence } from '../contract/trust.ts'
import { OciError } from './errors.ts'
import { parseManifest } from './manifest.ts'
import type { Descriptor } from './manifest.ts'
import type { FetchedManifest } from './registry-client.ts'
import { GPG_SIGNATURE } from './signature-artifact.ts'

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(\.|\+|$)/
const ANNOTATION = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  logEntry: 'dev.sigstore.cosign/bundle',
}

/** One repository of a registry, or of the store. */
export interface SignaturePlace {
  /** Undefined when there is none. */
  manifest(tagOrDigest: string): Promise<FetchedManifest | undefined>
  /** A small blob whole, verified. */
  blob(descriptor: Descriptor): Promise<Buffer>
  /** Digests of the manifests that refer to this one; those of the tag that stands in for the list are looked up besides. */
  referrers(digest: string): Promise<string[]>
  /** GPG signatures that are kept elsewhere. */
  loose?(digest: string): Promise<Buffer[]>
}

export interface FoundSignatures {
  evidence: TrustEvidence[]
  /** What to keep so that others find the same: manifests, with the tags they have, and blobs. */
  manifests: (FetchedManifest & { tag?: string })[]
  blobs: Buffer[]
  /** GPG signatures that no manifest holds yet. */
  loose: Buffer[]
}

/** `sha256-<hex>`, with `.sig` for the signatures: how a digest is a tag. */
export function digestTag(digest: string, suffix = ''): string {
  return `${digest.replace(':', '-')}${suffix}`
}

/** Whether a tag belongs to an image of that digest rather than naming one: signatures, attestations, lists of referrers. */
export function isDigestTag(tag: string): boolean {
  return taggedDigest(tag) !== undefined
}

/** The digest that such a tag is about. */
export function taggedDigest(tag: string): string | undefined {
  const hex = /^sha256-([0-9a-f]{64})(\.[a-z]+)?$/.exec(tag)?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}

/** Reads what may speak for the manifest `digest`; nothing is verified but digests. Broken signatures are left out. */
export async function readSignatures(place: SignaturePlace, digest: string): Promise<FoundSignatures> {
  const found: FoundSignatures = { evidence: [], manifests: [], blobs: [], loose: [] }
  const tag = digestTag(digest, '.sig')
  const simple = await place.manifest(tag)
  if (simple) await take(place, { ...simple, tag }, found)
  const list = await place.manifest(digestTag(digest))
  const listed = list ? referrersIn(list) : []
  for (const referrer of new Set([...listed, ...(await place.referrers(digest))])) {
    const manifest = await place.manifest(referrer)
    if (manifest) await take(place, manifest, found)
  }
  const room = MAX_SIGNATURES - found.evidence.length
  found.loose = ((await place.loose?.(digest)) ?? []).slice(0, room)
  found.evidence.push(...found.loose.map(gpgEvidence))
  return found
}

/** Digests that a list of referrers names; of something else, none. */
function referrersIn({ bytes, mediaType }: Pick<FetchedManifest, 'bytes' | 'mediaType'>): string[] {
  const parsed = manifestOf(bytes, mediaType)
  return parsed?.kind === 'index' ? parsed.index.manifests.slice(0, MAX_SIGNATURES).map(({ digest }) => digest) : []
}

/** Adds what one manifest holds. What cannot be read of it speaks for nothing, and keeps nobody from reading the others. */
async function take(
  place: SignaturePlace,
  manifest: FetchedManifest & { tag?: string },
  found: FoundSignatures,
): Promise<void> {
  const parsed = manifestOf(manifest.bytes, manifest.mediaType)
  if (parsed?.kind !== 'manifest') return
  const { config, layers } = parsed.manifest
  const signatures = layers.filter(isSignature).slice(0, MAX_SIGNATURES - found.evidence.length)
  if (signatures.length === 0 || config.size > MAX_SIGNATURE_BYTES) return
  try {
    const contents = await Promise.all(signatures.map((layer) => place.blob(layer)))
    // Nothing in the configuration counts, but a manifest is not whole without.
    found.blobs.push(await place.blob(config), ...contents)
    found.manifests.push(manifest)
    found.evidence.push(...signatures.flatMap((layer, at) => evidenceOf(layer, contents[at]!)))
  } catch (error) {
    if (!(error instanceof OciError) || error.temporary || error.code === 'ABORTED') throw error
  }
}

function isSignature({ mediaType, size }: Descriptor): boolean {
  return (
    size <= MAX_SIGNATURE_BYTES &&
    (mediaType === SIMPLE_SIGNING || mediaType === GPG_SIGNATURE || BUNDLE.test(mediaType))
  )
}

function evidenceOf({ mediaType, annotations = {} }: Descriptor, bytes: Buffer): TrustEvidence[] {
  if (mediaType === GPG_SIGNATURE) return [gpgEvidence(bytes)]
  if (mediaType !== SIMPLE_SIGNING) return [{ kind: 'bundle', bundle: bytes.toString() }]
  const { [ANNOTATION.signature]: signature, [ANNOTATION.certificate]: certificate } = annotations
  const logEntry = annotations[ANNOTATION.logEntry]
  if (signature === undefined) return []
  const payload = bytes.toString('base64')
  return [
    { kind: 'simple-signing', payload, signature, ...(certificate && { certificate }), ...(logEntry && { logEntry }) },
  ]
}

function gpgEvidence(message: Buffer): TrustEvidence {
  return { kind: 'gpg', signature: message.toString('base64') }
}

function manifestOf(bytes: Buffer, mediaType: string): ReturnType<typeof parseManifest> | undefined {
  try {
    return parseManifest(bytes, mediaType)
  } catch {
    return undefined
  }
}
