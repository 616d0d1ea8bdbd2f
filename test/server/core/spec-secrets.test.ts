import { describe, expect, it } from 'vitest'
import { PartialSpec, SECRET_MASK } from '../../../server/contract/spec.ts'
import { maskSecrets, restoreSecrets } from '../../../server/core/spec-secrets.ts'

const HASH = '$6$salt$hash'
const spec = PartialSpec.parse({
  hostname: 'web-07',
  rootPassword: HASH,
  users: [{ name: 'ada', password: HASH }, { name: 'bob' }],
  disks: { filesystem: 'xfs', encryption: { passphrase: 'correct horse', tpm2: true } },
  registry: { credentials: [{ registry: 'quay.example', username: 'me', password: 'pass' }], insecure: ['a:5000'] },
  files: [
    { path: '/etc/open.conf', content: 'open' },
    { path: '/etc/key.pem', content: 'the key', secret: true },
  ],
  cloudInit: { userData: '#cloud-config the key', networkConfig: 'wifi: the key' },
  ignition: '{"ignition":{"version":"3.4.0"},"x":"the key"}',
  systemdCredentials: [{ name: 'app', value: 'the key' }],
  hooks: { webhook: { url: 'https://hooks.example/', secret: 'the key of the hook' }, script: 'true' },
})

describe('secrets of a spec', () => {
  it('are masked, and nothing else is changed', () => {
    const masked = maskSecrets(spec)
    expect(JSON.stringify(masked)).not.toMatch(/correct horse|\$6\$|"pass"|the key/)
    const secret = /"\$6\$salt\$hash"|"correct horse"|"pass"|"([^"\\]|\\.)*the key([^"\\]|\\.)*"/g
    expect(masked).toEqual(JSON.parse(JSON.stringify(spec).replaceAll(secret, `"${SECRET_MASK}"`)))
  })

  it('come back when what was shown is sent again, in whatever order', () => {
    const masked = PartialSpec.parse(maskSecrets(spec))
    expect(restoreSecrets(masked, spec)).toEqual(spec)
    expect(restoreSecrets({ users: masked.users!.toReversed() }, spec).users).toEqual(spec.users!.toReversed())
  })

  it('stay hidden when a file is no longer called secret', () => {
    const file = { path: '/etc/key.pem', content: SECRET_MASK, secret: false }
    expect(restoreSecrets(PartialSpec.parse({ files: [file] }), spec).files![0]!.content).toBe(SECRET_MASK)
  })

  it('can be replaced and removed', () => {
    expect(restoreSecrets({ rootPassword: '$y$new' }, spec)).toEqual({ rootPassword: '$y$new' })
    expect(restoreSecrets({}, spec)).toEqual({})
  })

  it.each([
    ['rootPassword', { rootPassword: SECRET_MASK }],
    ['users.ada.password', { users: [{ name: 'ada', sshKeys: [], groups: [], password: SECRET_MASK }] }],
    [
      'files./etc/key.pem.content',
      PartialSpec.parse({ files: [{ path: '/etc/key.pem', content: SECRET_MASK, secret: true }] }),
    ],
    ['cloudInit.userData', { cloudInit: { userData: SECRET_MASK } }],
    ['hooks.webhook.secret', { hooks: { webhook: { url: 'https://hooks.example/', secret: SECRET_MASK } } }],
    ['disks.encryption.passphrase', { disks: { encryption: { passphrase: SECRET_MASK, tpm2: false } } }],
  ])('%s cannot be kept where there was none', (path, masked) => {
    expect(() => restoreSecrets(masked, {})).toThrow(
      expect.objectContaining({ code: 'VALIDATION', message: expect.stringContaining(path) }),
    )
  })
})
