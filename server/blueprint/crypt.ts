// Password hashes that crypt(3) knows as `$6$`: SHA-512 in 5000 rounds (https://www.akkadia.org/drepper/SHA-crypt.txt).
import { createHash, randomInt } from 'node:crypto'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SALT_LENGTH = 16
const ROUNDS = 5000
const DIGEST_BYTES = 64

/** `$6$<salt>$<hash>` of a plain password; the same every time only for a given salt of at most 16 characters of `[./0-9A-Za-z]`. */
export function sha512Crypt(password: string, salt: string = randomSalt()): string {
  const key = Buffer.from(password)
  const saltBytes = Buffer.from(salt)
  const alternate = sha512(key, saltBytes, key)
  const first = sha512(key, saltBytes, repeated(alternate, key.length), ...byBits(key.length, alternate, key))
  const keyPattern = repeated(sha512(...Array<Buffer>(key.length).fill(key)), key.length)
  const saltPattern = repeated(sha512(...Array<Buffer>(16 + first[0]!).fill(saltBytes)), saltBytes.length)

  let digest = first
  for (let round = 0; round < ROUNDS; round++) {
    const odd = round % 2 === 1
    digest = sha512(
      odd ? keyPattern : digest,
      ...(round % 3 === 0 ? [] : [saltPattern]),
      ...(round % 7 === 0 ? [] : [keyPattern]),
      odd ? digest : keyPattern,
    )
  }
  return `$6$${salt}$${encode(digest)}`
}

function randomSalt(): string {
  return Array.from({ length: SALT_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

function sha512(...parts: Buffer[]): Buffer {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The digest again and again, cut to `length`. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest)
}

/** For each bit of the length from the lowest: the digest for a one, the key for a zero. */
function byBits(length: number, digest: Buffer, key: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let bits = length; bits > 0; bits >>>= 1) parts.push((bits & 1) === 1 ? digest : key)
  return parts
}

/** Three bytes as four characters, lowest bits first, in the order the specification prescribes: 0 21 42, 22 43 1, 44 2 23, ... */
function encode(digest: Buffer): string {
  let text = ''
  let [a, b, c] = [0, 21, 42]
  for (let group = 0; group < 21; group++) {
    text += base64((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4)
    ;[a, b, c] = [b + 1, c + 1, a + 1]
  }
  return text + base64(digest[DIGEST_BYTES - 1]!, 2)
}

function base64(value: number, characters: number): string {
  return Array.from({ length: characters }, (_, at) => ALPHABET[(value >>> (6 * at)) & 0x3f]).join('')
}
