// A sigstore of the moment: a certificate authority that vouches for identities, a transparency log that vouches for times, and the trust root that
// names both. Certificates are written out in DER here, since nothing in Node makes them.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { TrustEvidence } from '../../server/contract/trust.ts'
import { IN_TOTO, preAuthEncoding, signBytes } from './signatures.ts'

export const ISSUER = 'https://issuer.example'
export const SUBJECT = 'https://git.example/acme/os/build.yml@main'

export interface Signing {
  subject?: string
  issuer?: string
  /** When the log says it was signed; the certificate is good for ten minutes from `certifiedAt`, by default the same. */
  signedAt?: Date
  certifiedAt?: Date
}

const SIGNED_AT = new Date('2026-01-30T12:00:00.000Z')
const TEN_MINUTES = 600_000

export class SmallSigstore {
  readonly #ca = keyPair()
  readonly #log = keyPair()
  readonly #caCertificate = certificate({
    subject: name('authority'),
    issuer: name('authority'),
    from: new Date('2020-01-01T00:00:00Z'),
    to: new Date('2040-01-01T00:00:00Z'),
    key: this.#ca.publicKey,
    signer: this.#ca.privateKey,
    // basicConstraints: a CA
    extensions: [extension('551d13', sequence(Buffer.from('0101ff', 'hex')), true)],
  })

  /** JSON, as `trusted_root.json`. */
  get trustedRoot(): string {
    const always = { start: '2020-01-01T00:00:00Z' }
    return JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [
        {
          baseUrl: 'https://log.example',
          hashAlgorithm: 'SHA2_256',
          publicKey: {
            rawBytes: spki(this.#log.publicKey).toString('base64'),
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            validFor: always,
          },
          logId: { keyId: this.#logId.toString('base64') },
        },
      ],
      certificateAuthorities: [
        {
          subject: { organization: 'example', commonName: 'authority' },
          uri: 'https://ca.example',
          certChain: { certificates: [{ rawBytes: this.#caCertificate.toString('base64') }] },
          validFor: always,
        },
      ],
      ctlogs: [],
      timestampAuthorities: [],
    })
  }

  /** As cosign 3 signs without a key. */
  bundle(payload: Buffer, signing: Signing = {}): Extract<TrustEvidence, { kind: 'bundle' }> {
    const { key, leaf, at } = this.#signer(signing)
    const signature = signBytes(key, preAuthEncoding(payload)).toString('base64')
    const entry = this.#entry(at, {
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
        signatures: [{ signature }],
      },
    })
    return {
      kind: 'bundle',
      bundle: JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
        verificationMaterial: {
          x509CertificateChain: { certificates: [{ rawBytes: leaf.toString('base64') }] },
          tlogEntries: [
            {
              logIndex: '1',
              logId: { keyId: this.#logId.toString('base64') },
              kindVersion: { kind: 'dsse', version: '0.0.1' },
              integratedTime: String(entry.integratedTime),
              inclusionPromise: { signedEntryTimestamp: entry.promise },
              canonicalizedBody: entry.body,
            },
          ],
        },
        dsseEnvelope: { payload: payload.toString('base64'), payloadType: IN_TOTO, signatures: [{ sig: signature }] },
      }),
    }
  }

  /** As cosign 2 signs without a key. */
  simple(payload: Buffer, signing: Signing = {}): Extract<TrustEvidence, { kind: 'simple-signing' }> {
    const { key, leaf, at } = this.#signer(signing)
    const signature = signBytes(key, payload).toString('base64')
    const { body, integratedTime, promise } = this.#entry(at, {
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
        signature: { content: signature },
      },
    })
    const logID = this.#logId.toString('hex')
    return {
      kind: 'simple-signing',
      payload: payload.toString('base64'),
      signature,
      certificate: `-----BEGIN CERTIFICATE-----\n${leaf.toString('base64')}\n-----END CERTIFICATE-----\n`,
      logEntry: JSON.stringify({
        SignedEntryTimestamp: promise,
        Payload: { body, integratedTime, logIndex: 1, logID },
      }),
    }
  }

  get #logId(): Buffer {
    return sha256(spki(this.#log.publicKey))
  }

  #signer({ subject = SUBJECT, issuer = ISSUER, signedAt = SIGNED_AT, certifiedAt = signedAt }: Signing) {
    const { publicKey, privateKey } = keyPair()
    const leaf = certificate({
      subject: sequence(),
      issuer: name('authority'),
      from: certifiedAt,
      to: new Date(certifiedAt.getTime() + TEN_MINUTES),
      key: publicKey,
      signer: this.#ca.privateKey,
      extensions: [
        // subjectAltName: a URI
        extension('551d11', sequence(tlv(0x86, Buffer.from(subject))), true),
        // 1.3.6.1.4.1.57264.1.8: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
        extension('2b0601040183bf300108', tlv(0x0c, Buffer.from(issuer))),
      ],
    })
    return { key: privateKey, leaf, at: signedAt }
  }

  /** What the log signs: that it took this in, and when. */
  #entry(at: Date, content: object) {
    const body = Buffer.from(JSON.stringify(content)).toString('base64')
    const integratedTime = Math.floor(at.getTime() / 1000)
    const logID = this.#logId.toString('hex')
    const promised = Buffer.from(JSON.stringify({ body, integratedTime, logID, logIndex: 1 }))
    return { body, integratedTime, promise: sign('sha256', promised, this.#log.privateKey).toString('base64') }
  }
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')

function certificate(of: {
  subject: Buffer
  issuer: Buffer
  from: Date
  to: Date
  key: KeyObject
  signer: KeyObject
  extensions: Buffer[]
}): Buffer {
  const version = tlv(0xa0, Buffer.from('020102', 'hex'))
  const serial = Buffer.from('020101', 'hex')
  const validity = sequence(time(of.from), time(of.to))
  const extensions = tlv(0xa3, sequence(...of.extensions))
  const body = sequence(version, serial, ECDSA_SHA256, of.issuer, validity, of.subject, spki(of.key), extensions)
  const signature = sign('sha256', body, of.signer)
  return sequence(body, ECDSA_SHA256, tlv(0x03, Buffer.concat([Buffer.of(0), signature])))
}

/** X.690, section 8.1: tag, length, value. */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const { length } = value
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), value])
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, ...parts)
}

/** A distinguished name of one common name. */
function name(text: string): Buffer {
  return sequence(tlv(0x31, sequence(Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from(text)))))
}

/** UTCTime: `260130120000Z`. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  return tlv(0x17, Buffer.from(digits.slice(2)))
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(
    tlv(0x06, Buffer.from(oid, 'hex')),
    ...(critical ? [Buffer.from('0101ff', 'hex')] : []),
    tlv(0x04, value),
  )
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
