import { describe, expect, it } from 'vitest'
import { readGpgKeys } from '../../../server/trust/openpgp-keys.ts'
import { GPG_KEY } from '../../helpers/gpg-key.ts'

const armor = (bytes: Buffer, kind = 'PUBLIC KEY') =>
  `-----BEGIN PGP ${kind} BLOCK-----\n\n${bytes.toString('base64')}\n-----END PGP ${kind} BLOCK-----\n`
const KEY = readGpgKeys(GPG_KEY.armored).bytes

describe('OpenPGP keys', () => {
  it('are known by the fingerprints that gpg shows, however many there are and whatever is around them', () => {
    const text = `A comment\r\n${GPG_KEY.armored.replaceAll('\n', '\r\n')}\n${GPG_KEY.armored}`
    const { fingerprints, bytes } = readGpgKeys(text)
    expect(fingerprints).toEqual([GPG_KEY.fingerprint, GPG_KEY.fingerprint])
    expect(bytes).toEqual(Buffer.concat([KEY, KEY]))
  })

  it('may be packets of the newer form', () => {
    const body = KEY.subarray(2, 2 + KEY[1]!)
    const packet = Buffer.concat([Buffer.from([0xc6, body.length]), body])
    expect(readGpgKeys(armor(packet)).fingerprints).toEqual([GPG_KEY.fingerprint])
  })

  it.each<[string, string, RegExp]>([
    ['a key of cosign', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /no public key of OpenPGP/],
    ['a private key', armor(KEY, 'PRIVATE KEY'), /this is a private key/],
    ['a private key that calls itself public', armor(Buffer.from([0x94, 1, 4])), /this is a private key/],
    ['a signature', armor(Buffer.from([0x88, 1, 4])), /does not begin with a public key/],
    ['a key that is cut off', armor(KEY.subarray(0, 40)), /cut off/],
    ['noise', armor(Buffer.from('noise')), /cannot be read/],
    ['a key of 1997', armor(Buffer.from([0x98, 1, 3])), /version 3 sign no images/],
    ['nothing', armor(Buffer.alloc(0)), /does not begin with a public key/],
  ])('are refused when they are %s', (_, text, message) => {
    expect(() => readGpgKeys(text)).toThrow(message)
  })
})
