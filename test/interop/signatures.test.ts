// Images signed by the real tools, pulled and judged by the real server; and what a deployed system's own tools make of our policy.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trustFiles } from '../../boot-assets/agent/deployment/trust-files.ts'
import type { Image } from '../../server/contract/image.ts'
import type { TrustPolicySetting } from '../../server/contract/trust.ts'
import { cosign, skopeo } from '../images/signing-tools.ts'
import type { Tool } from '../images/signing-tools.ts'
import { directory, file } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { startDockerRegistry } from './docker-registry.ts'
import type { DockerRegistry } from './docker-registry.ts'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'

/** The tools are unpacked Debian packages. */
const blocked = process.getuid?.() === 0 ? undefined : 'needs root'
const skipped = blocked === undefined ? '' : ` (skipped: ${blocked})`

let folder: string
let registry: DockerRegistry
let server: Served
let cosign2: Tool
let cosign3: Tool
let copy: Tool
/** Digests of two images that differ in one file. */
let digest: string
let otherDigest: string
let machine: string

beforeAll(async () => {
  if (blocked !== undefined) return
  folder = await mkdtemp(join(tmpdir(), 'landfall-signatures-'))
  ;[cosign2, cosign3, copy] = await Promise.all([cosign('trixie'), cosign('forky'), skopeo()])
  registry = await startDockerRegistry(join(folder, 'registry'))
  await cosign2('generate-key-pair', '--output-key-prefix', join(folder, 'ours'))
  await cosign2('generate-key-pair', '--output-key-prefix', join(folder, 'stranger'))
  digest = await makeImage('one')
  otherDigest = await makeImage('two')
  await writeFile(join(folder, 'accept.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  await writeFile(join(folder, 'no-passphrase'), '')
  await mkdir(join(folder, 'registries.d'))
  await writeFile(
    join(folder, 'registries.d/test.yaml'),
    JSON.stringify({ docker: { [registry.host]: { 'use-sigstore-attachments': true } } }),
  )
  const keys = [join(folder, 'ours.pub')]
  const policies: TrustPolicySetting[] = [
    { repository: '*', require: 'key', keys },
    { repository: 'open/*', require: 'accept' },
    { repository: 'closed/*', require: 'reject' },
    { repository: 'os/young', require: 'key', keys, maxAgeDays: 30 },
    { repository: 'renamed/*', require: 'key', keys, signedAs: `${registry.host}/os/*` },
    { repository: 'pinned', require: 'digest', digests: [digest] },
  ]
  server = await serve(join(folder, 'data'), { flags: ['--trust-policies', JSON.stringify(policies)] })
  const made = await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:01'], name: 'box' })
  machine = ((await made.json()) as { id: string }).id
}, 600_000)

afterAll(async () => {
  if (blocked !== undefined) return
  await server?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function makeImage(name: string): Promise<string> {
  const layers = [{ compression: 'gzip' as const, entries: [directory('etc'), file('etc/name', name)] }]
  const made = await writeTinyImage(join(folder, name), { labels: { 'containers.bootc': '1' }, layers })
  return made.descriptor.digest
}

/** Puts an image into the registry, signed while it is copied or not at all. */
async function push(repository: string, image = 'one', ...flags: string[]): Promise<string> {
  const target = `docker://${registry.host}/${repository}:1`
  const policy = ['--policy', join(folder, 'accept.json'), '--registries.d', join(folder, 'registries.d')]
  const plain = ['--quiet', '--preserve-digests', '--dest-tls-verify=false']
  await copy(...policy, 'copy', ...plain, ...flags, `oci:${join(folder, image)}:1`, target)
  return `${registry.host}/${repository}@${image === 'one' ? digest : otherDigest}`
}

const signing = ['--yes', '--tlog-upload=false', '--allow-insecure-registry']
const key = (name: string) => ['--key', join(folder, `${name}.key`)]
const sign2 = (reference: string, name = 'ours', ...flags: string[]) =>
  cosign2('sign', ...signing, ...key(name), ...flags, reference)
const sign3 = (reference: string, name = 'ours') =>
  cosign3('sign', ...signing, '--use-signing-config=false', ...key(name), reference)

/** Pulls the image and says what the server thinks of it, and of a machine that shall get it. */
async function judged(repository: string, as = repository) {
  const pulled = await server.cli('image', 'pull', `${registry.host}/${repository}:1`, '--insecure', '--as', `${as}:1`)
  expect(pulled.code, pulled.stderr).toBe(0)
  const shown = await server.api('GET', `/api/v1/images/${encodeURIComponent(`${as}:1`)}`)
  const { trust } = ((await shown.json()) as Image).platforms[0]!
  const assigned = await server.send('POST', '/api/v1/machines/bulk', {
    machines: [machine],
    action: { type: 'assign', image: `${as}:1`, spec: { disks: { disk: {} } } },
  })
  const { results } = (await assigned.json()) as {
    results: { installId: string | null; error: { code: string } | null }[]
  }
  return { trust, code: results[0]!.error?.code ?? null, install: results[0]!.installId }
}

describe.skipIf(blocked !== undefined)(`an image that is signed${skipped}`, () => {
  it.each<[string, string, () => Promise<unknown>]>([
    ['by cosign 2', 'simple-signing', async () => sign2(await push('os/cosign2'))],
    ['by cosign 3', 'bundle', async () => sign3(await push('os/cosign3'))],
    [
      'by skopeo',
      'simple-signing',
      () =>
        push(
          'os/skopeo',
          'one',
          '--sign-by-sigstore-private-key',
          join(folder, 'ours.key'),
          '--sign-passphrase-file',
          join(folder, 'no-passphrase'),
        ),
    ],
  ])('is trusted and may be assigned: %s', async (name, kind, make) => {
    await make()
    const { trust, code, install } = await judged(`os/${name.replace('by ', '').replace(' ', '')}`)
    expect(trust).toMatchObject({ trusted: true, evidence: { kind }, policy: { pattern: '*', require: 'key' } })
    expect(code).toBeNull()
    const shown = await server.cli('install', 'show', install!)
    expect(shown.stdout).toMatch(/^Trust: +trusted: signed by key sha256:[0-9a-f]{16}/m)
  })

  it('counts under the name that the policy says', async () => {
    await sign2(await push('os/moved'))
    expect(await judged('os/moved', 'renamed/moved')).toMatchObject({ trust: { trusted: true }, code: null })
  })

  it('counts by its digest, without a signature, where that is pinned', async () => {
    await push('pinned')
    expect(await judged('pinned')).toMatchObject({ trust: { trusted: true, evidence: { kind: 'pin' } }, code: null })
  })

  it('keeps its signatures here, and no list of images shows them', async () => {
    const tags = await server.api('GET', '/v2/os/cosign2/tags/list')
    expect(await tags.json()).toMatchObject({ tags: ['1', `${digest.replace(':', '-')}.sig`] })
    const listed = await server.cli('image', 'list')
    expect(listed.stdout).not.toContain('.sig')
    expect(listed.stdout).toMatch(/^os\/cosign2:1 .* trusted /m)
  })
})

describe.skipIf(blocked !== undefined)(`an image that is not to be believed${skipped}`, () => {
  it.each<[string, string, string, (repository: string) => Promise<unknown>]>([
    ['has no signature', 'IMAGE_UNSIGNED', 'os/unsigned', (to) => push(to)],
    [
      'is signed by another key (cosign 2)',
      'SIGNATURE_INVALID',
      'os/wrong2',
      async (to) => sign2(await push(to), 'stranger'),
    ],
    [
      'is signed by another key (cosign 3)',
      'SIGNATURE_INVALID',
      'os/wrong3',
      async (to) => sign3(await push(to), 'stranger'),
    ],
    [
      'comes with the signature of the one before',
      'SIGNATURE_OTHER_DIGEST',
      'os/replayed',
      async (repository) => {
        await sign2(await push(repository))
        await push(repository, 'two')
        const [from, to] = [digest, otherDigest].map((one) => ({ repository, tag: `${one.replace(':', '-')}.sig` }))
        await registry.retag(from!, to!)
      },
    ],
    [
      'comes with a bundle of the one before',
      'SIGNATURE_OTHER_DIGEST',
      'os/replayed3',
      async (repository) => {
        await sign3(await push(repository))
        await push(repository, 'two')
        const [from, to] = [digest, otherDigest].map((one) => ({ repository, tag: one.replace(':', '-') }))
        await registry.retag(from!, to!)
      },
    ],
    [
      'was signed as another repository',
      'SIGNATURE_OTHER_REPOSITORY',
      'os/borrowed',
      async (repository) => {
        await sign2(await push('os/lender'))
        await push(repository)
        const tag = `${digest.replace(':', '-')}.sig`
        await registry.retag({ repository: 'os/lender', tag }, { repository, tag })
      },
    ],
    [
      'was signed too long ago',
      'SIGNATURE_EXPIRED',
      'os/young',
      async (to) => sign2(await push(to), 'ours', '-a', 'timestamp=2020-01-01T00:00:00Z'),
    ],
    ['belongs to a repository that is rejected', 'IMAGE_REJECTED', 'closed/any', async (to) => sign2(await push(to))],
    ['is not the one whose digest is pinned', 'DIGEST_NOT_PINNED', 'pinned', (to) => push(to, 'two')],
  ])('is not assigned: it %s', async (_, code, repository, make) => {
    await make(repository)
    expect(await judged(repository)).toMatchObject({ trust: { trusted: false, code }, code, install: null })
  })

  it('says so to people, and to those who may install all the same', async () => {
    const unsigned = await server.cli('image', 'show', 'os/unsigned:1')
    expect(unsigned.stdout).toMatch(
      /refused: +IMAGE_UNSIGNED: nobody has signed sha256:[0-9a-f]{64} \(policy for \*: key\)/,
    )
    await push('open/any')
    expect(await judged('open/any')).toMatchObject({
      trust: { trusted: true, policy: { require: 'accept' } },
      code: null,
    })
    expect((await server.cli('image', 'list')).stdout).toMatch(/^open\/any:1 .* unchecked /m)
    const policies = await server.cli('trust', 'list')
    expect(policies.stdout).toMatch(/^renamed\/\* +key +key sha256:[0-9a-f]{16} +127\.0\.0\.1:\d+\/os\/\* /m)
  })
})

describe.skipIf(blocked !== undefined)(`a deployed system${skipped}`, () => {
  it.each([
    ['takes what is signed', 'os/cosign2', 'os/cosign2', undefined],
    ['refuses what is not', 'os/cosign2', 'os/unsigned', /signature/i],
    [
      'refuses what is signed by another key',
      'os/wrong2',
      'os/wrong2',
      /cryptographic signature verification failed|signature/i,
    ],
  ])('%s, by the policy that we write and its own tools', async (_, signedAs, repository, refusal) => {
    const root = await mkdtemp(join(folder, 'system-'))
    const target = `127.0.0.1:${server.ports.https}/${repository}:1`
    const keys = [await readFile(join(folder, 'ours.pub'), 'utf8')]
    const files = await trustFiles(root, target, { kind: 'key', keys, signedAs: `${registry.host}/${signedAs}` })
    for (const one of files) {
      if (!('text' in one)) continue
      await mkdir(dirname(join(root, one.path)), { recursive: true })
      // Here the system's root is a folder.
      await writeFile(join(root, one.path), one.text.replaceAll('"/etc/', `"${root}/etc/`))
    }
    await mkdir(join(root, 'certs'))
    await writeFile(join(root, 'certs/ca.crt'), server.access.ca)
    const etc = join(root, 'etc/containers')
    const policy = ['--policy', join(etc, 'policy.json'), '--registries.d', join(etc, 'registries.d')]
    const options = ['--quiet', '--src-cert-dir', join(root, 'certs'), '--remove-signatures']
    const pulling = copy(...policy, 'copy', ...options, `docker://${target}`, `dir:${join(root, 'image')}`)
    if (refusal === undefined) await pulling
    else await expect(pulling).rejects.toThrow(refusal)
  })
})
