// `/extensions/v2/NAME/signatures/DIGEST`: where podman and skopeo put and look for GPG signatures in a registry whose answers have the header
// X-Registry-Supports-Signatures ("signature-protocols" of containers/image).
import { z } from 'zod'
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '../../contract/trust.ts'
import type { TrustEvidence } from '../../contract/trust.ts'
import { parseJson } from '../manifest.ts'
import { signatureName } from '../signature-artifact.ts'
import { keepSignatures } from '../signature-keeping.ts'
import { storedSignatures } from '../signature-places.ts'
import { readSignatures } from '../signatures.ts'
import { readAll } from '../verify.ts'
import type { Registry, RegistryContext } from './context.ts'
import { RegistryError } from './errors.ts'

interface SignatureTarget {
  repository: string
  digest: string
}

/** Base64 of the largest signature, and room for what is around it. */
const MAX_BODY = MAX_SIGNATURE_BYTES * 2

const Signature = z.object({ schemaVersion: z.literal(2), type: z.literal('atomic'), content: z.base64().min(1) })

/** GET. An image that nobody knows or has signed has none; that is no error. */
export async function listSignatures(
  c: RegistryContext,
  registry: Registry,
  target: SignatureTarget,
): Promise<Response> {
  const signatures = gpgSignatures(await evidenceOf(registry, target)).map((content) => ({
    schemaVersion: 2,
    name: `${target.digest}@${signatureName(content)}`,
    type: 'atomic',
    content: content.toString('base64'),
  }))
  return c.json({ signatures })
}

/** PUT of one more. What is here already is not stored twice. */
export async function putSignature(c: RegistryContext, registry: Registry, target: SignatureTarget): Promise<Response> {
  const { records, blobs, now } = registry
  const { repository, digest } = target
  const content = await signatureOf(c)
  if (!records.manifest(repository, digest)) {
    throw new RegistryError(404, 'MANIFEST_UNKNOWN', `there is no ${digest} in ${repository}: push it first`)
  }
  const known = await evidenceOf(registry, target)
  if (known.length >= MAX_SIGNATURES && !gpgSignatures(known).some((one) => one.equals(content))) {
    const message = `${digest} has ${MAX_SIGNATURES} signatures, and more are not read: delete some of its referrers`
    throw new RegistryError(400, 'UNSUPPORTED', message)
  }
  await keepSignatures(blobs, records, target, { manifests: [], blobs: [], loose: [content] }, now())
  return c.body(null, 201)
}

async function evidenceOf(
  { blobs, records }: Registry,
  { repository, digest }: SignatureTarget,
): Promise<TrustEvidence[]> {
  return (await readSignatures(storedSignatures(blobs, records, repository), digest)).evidence
}

function gpgSignatures(evidence: readonly TrustEvidence[]): Buffer[] {
  return evidence.flatMap((one) => (one.kind === 'gpg' ? [Buffer.from(one.signature, 'base64')] : []))
}

async function signatureOf(c: RegistryContext): Promise<Buffer> {
  const body = await readAll(c.req.raw.body ?? [], MAX_BODY, 'signature')
  const { success, data } = Signature.safeParse(parseJson(body, 'signature'))
  const content = Buffer.from(data?.content ?? '', 'base64')
  if (!success || content.length > MAX_SIGNATURE_BYTES) {
    const want = `{"schemaVersion": 2, "type": "atomic", "content": BASE64} with at most ${MAX_SIGNATURE_BYTES} bytes`
    throw new RegistryError(400, 'MANIFEST_INVALID', `this is no signature: want ${want}`)
  }
  return content
}
