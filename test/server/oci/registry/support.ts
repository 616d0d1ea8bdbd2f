// What tests of the registry push.
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { signatureArtifact } from '../../../../server/oci/signature-artifact.ts'
import { digestOf } from '../../../../server/oci/verify.ts'
import { fixtureImage } from '../../../helpers/image-fixtures.ts'
import type { FixtureImage } from '../../../helpers/image-fixtures.ts'
import type { TestRegistry } from '../../../helpers/registry.ts'

export const OCI = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const EMPTY = 'application/vnd.oci.empty.v1+json'

/** Pushes a blob at once and returns its digest. */
export async function pushBlob({ call }: TestRegistry, repository: string, bytes: Buffer): Promise<string> {
  const digest = digestOf(bytes)
  const response = await call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
  if (response.status !== 201) throw new Error(`pushing a blob: ${response.status} ${await response.text()}`)
  return digest
}

/** Pushes the blobs of an image. */
export async function pushBlobs(registry: TestRegistry, repository: string, image: FixtureImage): Promise<void> {
  for (const { bytes } of [image.config, ...image.layers]) await pushBlob(registry, repository, bytes)
}

/** Pushes a manifest by tag or digest. */
export function pushManifest(
  { call }: TestRegistry,
  path: string,
  bytes: Buffer,
  headers: Record<string, string> = { 'content-type': OCI },
): Promise<Response> {
  return call('PUT', path, { body: bytes, headers })
}

/** An image, pushed as `os/web:1` or another name. */
export async function pushImage(registry: TestRegistry, repository = 'os/web', tag = '1'): Promise<FixtureImage> {
  const image = await fixtureImage([{ 'usr/a': `${repository}:${tag}` }])
  await pushBlobs(registry, repository, image)
  const response = await pushManifest(registry, `/v2/${repository}/manifests/${tag}`, image.manifest.bytes)
  if (response.status !== 201) throw new Error(`pushing a manifest: ${response.status} ${await response.text()}`)
  return image
}

/** A GPG signature of the image, as far as a store looks at it. */
export async function pushSignature(registry: TestRegistry, repository: string, image: FixtureImage): Promise<void> {
  const { digest, bytes } = image.manifest
  const subject = { mediaType: OCI, digest, size: bytes.length }
  const { manifest, blobs } = signatureArtifact(subject, Buffer.from('an OpenPGP message'))
  for (const blob of blobs) await pushBlob(registry, repository, blob)
  await pushManifest(registry, `/v2/${repository}/manifests/${manifest.digest}`, manifest.bytes)
}

/** Has a gzip layer as zstd, too. */
export async function addVariant(
  { blobs, records }: Pick<TestRegistry, 'blobs' | 'records'>,
  layer: { digest: string; bytes: Buffer },
): Promise<{ digest: string; bytes: Buffer }> {
  const bytes = zstdCompressSync(gunzipSync(layer.bytes))
  const digest = await blobs.put(bytes)
  blobs.settle([digest])
  records.putVariant({ layer: layer.digest, digest, size: bytes.length, madeAt: new Date(0).toISOString() })
  return { digest, bytes }
}

/** A manifest about another one, such as a signature; it needs the blob `{}`. */
export function referrer(subject: { digest: string; size: number }, more: Record<string, unknown> = {}): Buffer {
  const empty = Buffer.from('{}')
  const config = { mediaType: EMPTY, digest: digestOf(empty), size: empty.length }
  const about = { mediaType: OCI, ...subject }
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI, config, layers: [config], subject: about, ...more }),
  )
}

/** Code of a refusal, with its status. */
export async function refusal(response: Response | Promise<Response>): Promise<[number, string]> {
  const answer = await response
  const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] }
  return [answer.status, errors[0]!.code]
}
