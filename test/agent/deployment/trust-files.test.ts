import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trustFiles } from '../../../boot-assets/agent/deployment/trust-files.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { FakeTree } from '../fake-tree.ts'

const TARGET = 'landfall.example:8443/os/web:stable'
const SCOPE = 'landfall.example:8443/os/web'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
})
afterEach(() => fake[Symbol.asyncDispose]())

async function filesFor(policy: object | string | undefined, keys = ['KEY\n'], signedAs = 'quay.example/acme/web:1') {
  const text = typeof policy === 'object' ? JSON.stringify(policy) : policy
  if (text !== undefined) await fake.etc('containers/policy.json', text)
  const files = await trustFiles(fake.root, TARGET, { kind: 'key', keys, signedAs })
  return new Map(files.map((file) => [file.path, 'text' in file ? file.text : '']))
}

const policyIn = (files: Map<string, string>) => JSON.parse(files.get('etc/containers/policy.json')!)

describe('trust files', () => {
  it('want a signature by the key for the image that is followed, under the name it was signed by', async () => {
    const files = await filesFor({ default: [{ type: 'insecureAcceptAnything' }] })
    const key = [...files.keys()].find((path) => path.startsWith('etc/pki/containers/landfall-'))!
    expect(files.get(key)).toBe('KEY\n')
    expect(policyIn(files).transports.docker[SCOPE]).toEqual([
      {
        type: 'sigstoreSigned',
        keyPath: `/${key}`,
        signedIdentity: { type: 'exactRepository', dockerRepository: 'quay.example/acme/web' },
      },
    ])
    expect(JSON.parse(files.get('etc/containers/registries.d/landfall.yaml')!)).toEqual({
      docker: { [SCOPE]: { 'use-sigstore-attachments': true } },
    })
  })

  it.each([
    ['an image without a policy', undefined],
    ['a default that accepts anything', { default: [{ type: 'insecureAcceptAnything' }] }],
  ])('leave no default that accepts anything, and everything else as open as it was: %s', async (_, policy) => {
    const { default: fallback, transports } = policyIn(await filesFor(policy))
    expect(fallback).toEqual([{ type: 'reject' }])
    expect(transports.docker['']).toEqual([{ type: 'insecureAcceptAnything' }])
    expect(transports['containers-storage']).toEqual({ '': [{ type: 'insecureAcceptAnything' }] })
  })

  it('keep what the image says of others', async () => {
    const own = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }]
    const { default: fallback, transports } = policyIn(
      await filesFor({ default: [{ type: 'reject' }], transports: { docker: { 'r.example': own } } }),
    )
    expect(fallback).toEqual([{ type: 'reject' }])
    expect(transports).toEqual({ docker: { 'r.example': own, [SCOPE]: [expect.anything()] } })
  })

  it('name several keys in the way of newer tools, and the same repository by its own name', async () => {
    const [requirement] = policyIn(await filesFor({}, ['A\n', 'B\n'], TARGET)).transports.docker[SCOPE]
    expect(requirement).toMatchObject({ keyPaths: [expect.any(String), expect.any(String)] })
    expect(requirement).toMatchObject({ signedIdentity: { type: 'matchRepository' } })
    expect(requirement).not.toHaveProperty('keyPath')
  })

  it('want a signature by a GPG key, which the registry of the image hands out by itself', async () => {
    const enforcement = { kind: 'gpg', keyring: 'S0VZ', signedAs: 'quay.example/acme/web:1' } as const
    const files = await trustFiles(fake.root, TARGET, enforcement)
    expect(files.map(({ path }) => path)).toEqual(['etc/containers/policy.json'])
    const [file] = files
    const { transports } = JSON.parse(file && 'text' in file ? file.text : '')
    expect(transports.docker[SCOPE]).toEqual([
      {
        type: 'signedBy',
        keyType: 'GPGKeys',
        keyData: 'S0VZ',
        signedIdentity: { type: 'exactRepository', dockerRepository: 'quay.example/acme/web' },
      },
    ])
  })

  it.each(['nonsense', '{"default": 1}'])('refuse a policy that cannot be read: %s', async (text) => {
    await expect(filesFor(text)).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
  })
})
