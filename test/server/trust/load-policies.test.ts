import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TrustPolicySetting } from '../../../server/contract/trust.ts'
import { PolicyError } from '../../../server/trust/errors.ts'
import { loadPolicies } from '../../../server/trust/load-policies.ts'
import { policyView } from '../../../server/trust/policy-view.ts'
import { GPG_KEY } from '../../helpers/gpg-key.ts'
import { signingKey } from '../../helpers/signatures.ts'
import { SmallSigstore } from '../../helpers/small-sigstore.ts'

const { pem } = signingKey()
const shortKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
const DIGEST = `sha256:${'a'.repeat(64)}`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-policies-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('policies of the configuration', () => {
  it('hold the keys and roots of their files', async () => {
    const { trustedRoot } = new SmallSigstore()
    const files = { key: join(folder, 'key.pub'), root: join(folder, 'root.json') }
    await writeFile(files.key, pem)
    await writeFile(files.root, trustedRoot)
    const settings: TrustPolicySetting[] = [
      { repository: 'os/*', require: 'key', keys: [files.key, pem], signedAs: 'quay.example/*', maxAgeDays: 30 },
      { repository: 'web', require: 'identity', issuer: 'i', subject: 's', trustedRoot: files.root },
      { repository: 'pin', require: 'digest', digests: [DIGEST] },
      { repository: 'gpg/*', require: 'gpg', keys: [GPG_KEY.armored] },
    ]
    const policies = await loadPolicies(settings)
    expect(policies).toEqual([
      { pattern: 'os/*', require: 'key', keys: [pem, pem], signedAs: 'quay.example/*', maxAgeDays: 30 },
      { pattern: 'web', require: 'identity', issuer: 'i', subject: 's', trustedRoot },
      { pattern: 'pin', require: 'digest', digests: [DIGEST] },
      { pattern: 'gpg/*', require: 'gpg', keys: [GPG_KEY.armored] },
    ])
    expect(policyView(policies[0]!)).toMatchObject({
      keys: [expect.stringMatching(/^sha256:[0-9a-f]{64}$/), expect.anything()],
      maxAgeDays: 30,
    })
    expect(policyView(policies[3]!)).toMatchObject({ require: 'gpg', keys: [GPG_KEY.fingerprint] })
  })

  it.each<[string, Omit<TrustPolicySetting, 'repository'>, RegExp]>([
    ['a key policy without keys', { require: 'key' }, /needs keys/],
    ['an identity without issuer and root', { require: 'identity', subject: 's' }, /needs issuer, trustedRoot/],
    ['keys where nobody has to sign', { require: 'accept', keys: [pem] }, /does not go with keys/],
    ['a file that is not there', { require: 'key', keys: ['/nowhere/key.pub'] }, /\/nowhere\/key\.pub: ENOENT/],
    ['a private key', { require: 'key', keys: ['-----BEGIN PRIVATE KEY-----\n'] }, /this is a private key/],
    ['a GPG policy with a key of cosign', { require: 'gpg', keys: [pem] }, /no public key of OpenPGP/],
    ['a short key', { require: 'key', keys: [String(shortKey)] }, /1024 bits is too short/],
    ['a name that does not fit', { require: 'key', keys: [pem], signedAs: 'quay.example/*' }, /signedAs: .* both end/],
    [
      'a root without authorities',
      { require: 'identity', issuer: 'i', subject: 's', trustedRoot: '{}' },
      /names no certificate authority/,
    ],
  ])('are refused, by name: %s', async (_, setting, message) => {
    const loading = loadPolicies([{ repository: 'os/web', ...setting }])
    await expect(loading).rejects.toThrowWithCode(PolicyError, 'POLICY_INVALID')
    await expect(loading).rejects.toThrow(message)
    await expect(loading).rejects.toThrow(/^trust\.policies: policy for os\/web: /)
  })

  it('are refused when two are for the same repositories', async () => {
    const twice: TrustPolicySetting[] = [
      { repository: 'os/*', require: 'accept' },
      { repository: 'os/*', require: 'reject' },
    ]
    await expect(loadPolicies(twice)).rejects.toThrow(/two policies/)
  })
})
