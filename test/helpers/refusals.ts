// Every kind of image that must not become a machine, and what refuses it: one list for the server's tests and the agent's, so that neither
// can leave one out.
import { gzipSync } from 'node:zlib'
import { OCI_CONFIG, OCI_MANIFEST } from '../../server/oci/media-types.ts'
import { digestOf } from '../../server/oci/verify.ts'
import type { TrustBasis } from '../../server/contract/trust.ts'
import { writeTar } from '../agent/stream/tar-writer.ts'
import { signingKey, simpleSignature } from './signatures.ts'

interface Refusal {
  code: string
  /**
   * When the server finds out: as the image comes in, so that it is never stored, or when it is assigned and before it is handed out, so that
   * no machine touches a disk for it.
   */
  server: 'arrival' | 'assignment'
  /** When the agent would: before the disk is touched, or while the layer streams, which leaves a disk that cannot be booted. */
  agent: 'plan' | 'fetch'
}

export const REFUSALS = {
  'a tampered blob': { code: 'DIGEST_MISMATCH', server: 'assignment', agent: 'fetch' },
  'a manifest of another digest': { code: 'DIGEST_MISMATCH', server: 'arrival', agent: 'plan' },
  'a layer of another size': { code: 'SIZE_MISMATCH', server: 'assignment', agent: 'plan' },
  'a layer of another diff-id': { code: 'DIFFID_MISMATCH', server: 'assignment', agent: 'fetch' },
  'a layer that is a zip bomb': { code: 'LAYER_BOMB', server: 'assignment', agent: 'fetch' },
  'a layer that is no tar': { code: 'LAYER_INVALID', server: 'assignment', agent: 'fetch' },
  'a manifest of 10 000 layers': { code: 'TOO_MANY_LAYERS', server: 'arrival', agent: 'plan' },
  'a path that leads out': { code: 'PATH_INVALID', server: 'assignment', agent: 'fetch' },
  'no signature': { code: 'IMAGE_UNSIGNED', server: 'assignment', agent: 'plan' },
  'a signature by another key': { code: 'SIGNATURE_INVALID', server: 'assignment', agent: 'plan' },
  'a signature that has expired': { code: 'SIGNATURE_EXPIRED', server: 'assignment', agent: 'plan' },
  'an old signature, replayed for another image': {
    code: 'SIGNATURE_OTHER_DIGEST',
    server: 'assignment',
    agent: 'plan',
  },
  'the signature of another repository': { code: 'SIGNATURE_OTHER_REPOSITORY', server: 'assignment', agent: 'plan' },
} as const satisfies Record<string, Refusal>

export type Threat = keyof typeof REFUSALS

/** Named like an image on its way in; `served` is what the store or registry has under a digest, if not what it should. */
export interface HostileImage {
  manifest: { bytes: Buffer; digest: string }
  config: { bytes: Buffer; digest: string }
  layer: { bytes: Buffer; digest: string }
  served: ReadonlyMap<string, Buffer>
  trust: TrustBasis
}

interface Change {
  layer?: Buffer
  diffId?: string
  layers?: number
  /** What is served instead of the layer, or the manifest. */
  instead?: { layer?: Buffer; manifest?: Buffer }
  trust?: (digest: string) => TrustBasis
}

const LAYER = writeTar([{ path: 'usr/lib/os-release', content: 'ID=good\n'.repeat(100) }])
const ACCEPT: TrustBasis = { policy: { require: 'accept', pattern: '*' }, evidence: [] }
const key = signingKey()
const IN_2001 = 1_000_000_000

const wanting = (evidence: TrustBasis['evidence'], more: object = {}): TrustBasis => ({
  policy: { require: 'key', pattern: 'os/*', keys: [key.pem], ...more },
  evidence,
})

const CHANGES: Record<Threat, () => Change> = {
  'a tampered blob': () => {
    const tampered = gzipSync(LAYER)
    tampered[tampered.length - 9]! ^= 0xff
    return { instead: { layer: tampered } }
  },
  'a manifest of another digest': () => ({ instead: { manifest: Buffer.from('{"schemaVersion":2}') } }),
  'a layer of another size': () => ({ instead: { layer: Buffer.concat([gzipSync(LAYER), Buffer.alloc(1)]) } }),
  'a layer of another diff-id': () => ({ diffId: digestOf(Buffer.from('other')) }),
  // Beyond a hundredfold and a GiB, after the end of the archive: nobody has to write it anywhere.
  'a layer that is a zip bomb': () => {
    const zeros = gzipSync(Buffer.alloc(16 * 2 ** 20))
    return { layer: Buffer.concat([gzipSync(LAYER), ...Array.from({ length: 80 }, () => zeros)]) }
  },
  'a layer that is no tar': () => ({ layer: gzipSync(Buffer.alloc(4096, 'no tar')) }),
  'a manifest of 10 000 layers': () => ({ layers: 10_000 }),
  'a path that leads out': () => ({ layer: gzipSync(writeTar([{ path: 'usr/../../etc/shadow', content: 'x' }])) }),
  'no signature': () => ({ trust: () => wanting([]) }),
  'a signature by another key': () => ({
    trust: (digest) => wanting([simpleSignature(signingKey(), { digest })]),
  }),
  'a signature that has expired': () => ({
    trust: (digest) =>
      wanting([simpleSignature(key, { digest, optional: { timestamp: IN_2001 } })], { maxAgeDays: 30 }),
  }),
  'an old signature, replayed for another image': () => ({
    trust: () => wanting([simpleSignature(key, { digest: digestOf(Buffer.from('yesterday')) })]),
  }),
  'the signature of another repository': () => ({
    trust: (digest) => wanting([simpleSignature(key, { digest, reference: 'registry.example/os/db' })]),
  }),
}

/** An image of one layer that is right but for this. */
export function hostileImage(threat: Threat): HostileImage {
  const { layer = gzipSync(LAYER), diffId, layers = 1, instead = {}, trust = () => ACCEPT } = CHANGES[threat]()
  const configBytes = json({
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { 'containers.bootc': '1' } },
    rootfs: { type: 'layers', diff_ids: Array(layers).fill(diffId ?? digestOf(LAYER)) },
  })
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
  const manifestBytes = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(OCI_CONFIG, configBytes),
    layers: Array(layers).fill(descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
  })
  const [manifest, config, only] = [manifestBytes, configBytes, layer].map((bytes) => ({
    bytes,
    digest: digestOf(bytes),
  }))
  const served = new Map([manifest!, config!, only!].map(({ bytes, digest }) => [digest, bytes]))
  if (instead.layer) served.set(only!.digest, instead.layer)
  if (instead.manifest) served.set(manifest!.digest, instead.manifest)
  return { manifest: manifest!, config: config!, layer: only!, served, trust: trust(manifest!.digest) }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
