// By the real gpg: what it says of keys and messages is nothing to be faked.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { GpgVerifier } from '../../../server/gpg/verifier.ts'
import { TrustError } from '../../../server/trust/errors.ts'
import { GpgHome } from '../../helpers/gpg-home.ts'
import { simplePayload } from '../../helpers/signatures.ts'

const blocked = existsSync('/usr/bin/gpg') ? undefined : 'needs gpg'
const skipped = blocked === undefined ? '' : ` (skipped: ${blocked})`

const DIGEST = `sha256:${'a'.repeat(64)}`
const PAYLOAD = simplePayload({
  digest: DIGEST,
  type: 'atomic container signature',
  optional: { creator: 'skopeo', timestamp: 1_795_000_000 },
})

let ours: GpgHome
let stranger: GpgHome
beforeAll(() => {
  if (blocked !== undefined) return
  ours = new GpgHome('ours')
  stranger = new GpgHome('stranger')
})
afterAll(() => {
  ours?.[Symbol.dispose]()
  stranger?.[Symbol.dispose]()
})

const homes = () => readdirSync(tmpdir()).filter((name) => name.startsWith('landfall-gpg-'))

describe.skipIf(blocked !== undefined)(`a message signed by GPG${skipped}`, () => {
  it('is the word of its signer, for any of the keys', async () => {
    const claim = await new GpgVerifier().claim(ours.sign(PAYLOAD), [stranger.armored, ours.armored])
    expect(claim).toEqual({
      signer: `GPG key ${ours.fingerprint}`,
      digests: [DIGEST],
      reference: 'registry.example/os/web',
      signedAt: new Date(1_795_000_000_000),
    })
  })

  it.each<[string, string, () => Buffer]>([
    ['by somebody else', 'SIGNATURE_INVALID', () => stranger.sign(PAYLOAD)],
    ['that says something else', 'SIGNATURE_INVALID', () => ours.sign('{"critical": {"type": "a letter"}}')],
    ['that is cut off', 'SIGNATURE_INVALID', () => ours.sign(PAYLOAD).subarray(0, -40)],
    ['without what it is for', 'SIGNATURE_INVALID', () => ours.sign(PAYLOAD, '--detach-sign')],
    ['that is none', 'SIGNATURE_INVALID', () => Buffer.from('nonsense')],
    ['behind another text', 'SIGNATURE_INVALID', () => Buffer.concat([ours.run(['--store'], 'x'), ours.sign(PAYLOAD)])],
    ['that grows when it is unpacked', 'SIGNATURE_INVALID', () => ours.sign(Buffer.alloc(5 * 2 ** 20))],
  ])('is refused when it is one %s', async (_, code, message) => {
    const before = homes()
    await expect(new GpgVerifier().claim(message(), [ours.armored])).rejects.toThrowWithCode(TrustError, code)
    expect(homes()).toEqual(before)
  })

  it('does not count once its key has expired or was revoked', async () => {
    using signer = new GpgHome('former', '20250601T000000')
    const message = signer.sign(PAYLOAD)
    signer.run(['--quick-set-expire', signer.fingerprint, '1d'])
    const verifier = new GpgVerifier()
    await expect(verifier.claim(message, [signer.armored])).rejects.toThrowWithCode(TrustError, 'SIGNING_KEY_EXPIRED')
    signer.run(['--quick-set-expire', signer.fingerprint, 'never'])
    signer.run(['--import'], revocationOf(signer))
    await expect(verifier.claim(message, [signer.armored])).rejects.toThrowWithCode(TrustError, 'SIGNING_KEY_REVOKED')
  })

  it('is looked at once in ten minutes', async () => {
    let now = new Date('2026-01-31T12:00:00.000Z')
    const verifier = new GpgVerifier({ now: () => now })
    const message = ours.sign(PAYLOAD)
    const first = await verifier.claim(message, [ours.armored])
    expect(await verifier.claim(message, [ours.armored])).toBe(first)
    now = new Date(now.getTime() + 10 * 60_000)
    expect(await verifier.claim(message, [ours.armored])).not.toBe(first)
  })
})

describe('without gpg', () => {
  it('nothing counts, and the refusal says what is missing, until it is there', async () => {
    const verifier = new GpgVerifier({ program: '/nowhere/gpg' })
    const claim = () => verifier.claim(Buffer.from('x'), ['KEY'])
    await expect(claim()).rejects.toThrowWithCode(TrustError, 'GPG_UNAVAILABLE')
    await expect(claim()).rejects.toThrow('gpg is not installed on the server')
  })
})

it('is refused, not an error of the server, where gpg can have no folder of its own', async () => {
  vi.stubEnv('TMPDIR', '/nowhere')
  try {
    const claim = new GpgVerifier().claim(Buffer.from('x'), ['KEY'])
    await expect(claim).rejects.toThrowWithCode(TrustError, 'GPG_UNAVAILABLE')
    await expect(claim).rejects.toThrow('/nowhere')
  } finally {
    vi.unstubAllEnvs()
  }
})

/** gpg writes one for each new key, with a colon before it so that nobody takes it by mistake. */
function revocationOf(signer: GpgHome): string {
  const file = `${signer.path}/openpgp-revocs.d/${signer.fingerprint}.rev`
  return readFileSync(file, 'utf8').replace(/^:---/m, '---')
}
