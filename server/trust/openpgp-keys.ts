// OpenPGP public keys as `gpg --armor --export` prints them (RFC 9580), read as far as their fingerprints: whether a key is good is gpg's to say.
import { createHash } from 'node:crypto'

export interface GpgKeys {
  /** Of the primary keys, as gpg shows them. */
  fingerprints: string[]
  /** What the armor holds: a keyring. */
  bytes: Buffer
}

interface Packet {
  tag: number
  body: Buffer
}

const BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g

/** Tags of packets (RFC 9580, 5). */
const SECRET_KEY = 5
const PUBLIC_KEY = 6

/** Throws Error with a sentence for what is no such text, or holds no key that something should be signed with. */
export function readGpgKeys(armored: string): GpgKeys {
  const blocks = [...armored.matchAll(BLOCK)].map((match) => unarmored(match[1]!))
  if (blocks.length === 0) {
    const what = /PGP PRIVATE KEY/.test(armored) ? 'this is a private key' : 'this is no public key of OpenPGP in armor'
    throw new Error(`${what}: want what \`gpg --armor --export\` prints`)
  }
  const fingerprints = blocks.flatMap((block) => {
    const [first, ...others] = packetsIn(block)
    if (first?.tag !== PUBLIC_KEY) {
      throw new Error(first?.tag === SECRET_KEY ? 'this is a private key' : 'it does not begin with a public key')
    }
    return [first, ...others.filter(({ tag }) => tag === PUBLIC_KEY)].map(({ body }) => fingerprint(body))
  })
  return { fingerprints, bytes: Buffer.concat(blocks) }
}

/** Headers end at an empty line, and a checksum may follow the base64. */
function unarmored(block: string): Buffer {
  const lines = block.split(/\r?\n/)
  const body = lines.slice(lines.findIndex((line) => line.trim() === '') + 1).filter((line) => !line.startsWith('='))
  return Buffer.from(body.join(''), 'base64')
}

function* packetsIn(bytes: Buffer): Generator<Packet> {
  for (let at = 0; at < bytes.length;) {
    const { tag, start, length } = packetHeader(bytes, at)
    if (start + length > bytes.length) throw new Error('the key is cut off')
    yield { tag, body: bytes.subarray(start, start + length) }
    at = start + length
  }
}

/** RFC 9580, 4.2. Keys have neither partial nor indeterminate lengths. */
function packetHeader(bytes: Buffer, at: number): { tag: number; start: number; length: number } {
  const octet = (index: number) => bytes[at + index] ?? 0
  const number = (index: number, octets: number) =>
    Array.from({ length: octets }, (_, i) => octet(index + i)).reduce((sum, value) => sum * 256 + value, 0)
  const first = octet(0)
  if (first < 0xc0) {
    const octets = [1, 2, 4][first & 3]
    if (first < 0x80 || octets === undefined) throw new Error('the key cannot be read')
    return { tag: (first >> 2) & 0xf, start: at + 1 + octets, length: number(1, octets) }
  }
  const tag = first & 0x3f
  const short = octet(1)
  if (short < 192) return { tag, start: at + 2, length: short }
  if (short < 224) return { tag, start: at + 3, length: (short - 192) * 256 + octet(2) + 192 }
  if (short < 255) throw new Error('the key cannot be read')
  return { tag, start: at + 6, length: number(2, 4) }
}

/** RFC 9580, 5.5.4. */
function fingerprint(body: Buffer): string {
  const version = body[0]
  if (version === 4) {
    const prefix = Buffer.from([0x99, body.length >> 8, body.length & 0xff])
    return createHash('sha1').update(prefix).update(body).digest('hex').toUpperCase()
  }
  if (version !== 5 && version !== 6) throw new Error(`keys of version ${version} sign no images`)
  const prefix = Buffer.alloc(5)
  prefix[0] = version === 5 ? 0x9a : 0x9b
  prefix.writeUInt32BE(body.length, 1)
  return createHash('sha256').update(prefix).update(body).digest('hex').toUpperCase()
}
