import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UpstreamSetting } from '../../../server/contract/upstream.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { loadUpstreams } from '../../../server/oci/load-upstreams.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-upstreams-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

function load(...settings: object[]) {
  return loadUpstreams(settings.map((setting) => UpstreamSetting.parse(setting)))
}

describe('registries of the configuration', () => {
  it('hold the passwords and certificates of their files', async () => {
    const ca = await file('ca.pem', rootCertificates[0]!)
    const passwordFile = await file('password', 'secret\n')
    const [upstream] = load({ registry: 'quay.example', username: 'robot', passwordFile, ca, prefix: 'quay' })
    expect(upstream).toMatchObject({
      registry: 'quay.example',
      prefix: 'quay',
      insecure: false,
      credentials: { username: 'robot', password: 'secret' },
    })
    expect(upstream!.ca).toContain(rootCertificates[1])
  })

  it.each<[string, () => Promise<object[]>]>([
    ['a registry named twice', async () => [{ registry: 'a.example' }, { registry: 'a.example' }]],
    [
      'a prefix given twice',
      async () => [
        { registry: 'a.example', prefix: 'hub' },
        { registry: 'b.example', prefix: 'hub' },
      ],
    ],
    [
      'a file that is not there',
      async () => [{ registry: 'a.example', username: 'me', passwordFile: join(folder, 'none') }],
    ],
    [
      'an empty password',
      async () => [{ registry: 'a.example', username: 'me', passwordFile: await file('empty', '\n') }],
    ],
    ['a CA that is none', async () => [{ registry: 'a.example', ca: await file('ca.pem', 'hello') }]],
  ])('are refused for %s', async (_, settings) => {
    const given = await settings()
    expect(() => load(...given)).toThrowWithCode(OciError, 'UPSTREAM_INVALID')
  })

  it.each([
    ['a name without its password', { registry: 'a.example', username: 'me' }],
    ['a URL for a registry', { registry: 'https://a.example' }],
    ['a mirror with a scheme', { registry: 'a.example', mirrors: ['https://b.example'] }],
    ['a proxy of another kind', { registry: 'a.example', proxy: 'socks5://p.example' }],
  ])('are refused by the schema for %s', (_, setting) => {
    expect(UpstreamSetting.safeParse(setting).success).toBe(false)
  })
})
