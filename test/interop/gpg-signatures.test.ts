// Images signed by GPG with real skopeo: through a lookaside, and straight into the registry; and what a deployed system's own tools make of our
// policy.
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trustFiles } from '../../boot-assets/agent/deployment/trust-files.ts'
import type { Image } from '../../server/contract/image.ts'
import type { TrustPolicySetting } from '../../server/contract/trust.ts'
import { readGpgKeys } from '../../server/trust/openpgp-keys.ts'
import { GpgHome } from '../helpers/gpg-home.ts'
import { skopeo } from '../images/signing-tools.ts'
import type { Tool } from '../images/signing-tools.ts'
import { directory, file } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { startDockerRegistry } from './docker-registry.ts'
import type { DockerRegistry } from './docker-registry.ts'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'

/** skopeo is an unpacked Debian package. */
const blocked = process.getuid?.() === 0 ? undefined : 'needs root'
const skipped = blocked === undefined ? '' : ` (skipped: ${blocked})`

let folder: string
let registry: DockerRegistry
let lookaside: Server
let server: Served
let copy: Tool
let ours: GpgHome
let stranger: GpgHome
/** Digests of two images that differ in one file. */
const digests = { one: '', two: '' }
let machine: string

beforeAll(async () => {
  if (blocked !== undefined) return
  folder = await mkdtemp(join(tmpdir(), 'landfall-gpg-signatures-'))
  copy = await skopeo()
  ours = new GpgHome('ours')
  stranger = new GpgHome('stranger')
  registry = await startDockerRegistry(join(folder, 'registry'))
  const signatures = join(folder, 'lookaside')
  lookaside = createServer(({ url }, response) => {
    createReadStream(join(signatures, decodeURIComponent(url!)))
      .on('error', () => response.writeHead(404).end())
      .pipe(response)
  }).listen(0, '127.0.0.1')
  for (const name of ['one', 'two'] as const) {
    const layers = [{ compression: 'gzip' as const, entries: [directory('etc'), file('etc/name', name)] }]
    const made = await writeTinyImage(join(folder, name), { labels: { 'containers.bootc': '1' }, layers })
    digests[name] = made.descriptor.digest
  }
  await writeFile(join(folder, 'accept.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  await mkdir(join(folder, 'registries.d'))
  await writeFile(
    join(folder, 'registries.d/test.yaml'),
    JSON.stringify({ docker: { [registry.host]: { 'lookaside-staging': `file://${signatures}` } } }),
  )
  const keys = [ours.armored]
  const policies: TrustPolicySetting[] = [
    { repository: '*', require: 'gpg', keys },
    { repository: 'renamed/*', require: 'gpg', keys, signedAs: `${registry.host}/os/*` },
  ]
  const upstreams = [
    {
      registry: registry.host,
      insecure: true,
      lookaside: `http://127.0.0.1:${(lookaside.address() as AddressInfo).port}`,
    },
  ]
  const flags = ['--trust-policies', JSON.stringify(policies), '--images-upstreams', JSON.stringify(upstreams)]
  server = await serve(join(folder, 'data'), { flags })
  await mkdir(join(folder, 'certs'))
  await writeFile(join(folder, 'certs/ca.crt'), server.access.ca)
  const made = await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:01'], name: 'box' })
  machine = ((await made.json()) as { id: string }).id
}, 600_000)

afterAll(async () => {
  if (blocked !== undefined) return
  await server?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  lookaside?.close()
  ours?.[Symbol.dispose]()
  stranger?.[Symbol.dispose]()
  await rm(folder, { recursive: true, force: true })
})

type Name = keyof typeof digests

/** Copies an image with skopeo, signed by this key or not at all. */
async function push(to: string, image: Name, by: GpgHome | undefined, ...flags: string[]): Promise<void> {
  const policy = ['--policy', join(folder, 'accept.json'), '--registries.d', join(folder, 'registries.d')]
  const signing = by === undefined ? [] : ['--sign-by', by.fingerprint]
  const former = process.env['GNUPGHOME']
  process.env['GNUPGHOME'] = (by ?? ours).path
  try {
    const options = ['--quiet', '--preserve-digests', ...signing, ...flags]
    await copy(...policy, 'copy', ...options, `oci:${join(folder, image)}:1`, `docker://${to}:1`)
  } finally {
    if (former === undefined) delete process.env['GNUPGHOME']
    else process.env['GNUPGHOME'] = former
  }
}

const pushUpstream = (repository: string, image: Name, by?: GpgHome) =>
  push(`${registry.host}/${repository}`, image, by, '--dest-tls-verify=false')

const pushHere = (repository: string, image: Name, by?: GpgHome) =>
  push(
    `127.0.0.1:${server.ports.https}/${repository}`,
    image,
    by,
    '--dest-cert-dir',
    join(folder, 'certs'),
    '--dest-creds',
    `me:${server.access.token}`,
  )

async function pull(repository: string, as = repository): Promise<void> {
  const pulled = await server.cli('image', 'pull', `${registry.host}/${repository}:1`, '--as', `${as}:1`)
  expect(pulled.code, pulled.stderr).toBe(0)
}

/** What the server thinks of an image that it has, and of a machine that shall get it. */
async function judged(repository: string) {
  const shown = await server.api('GET', `/api/v1/images/${encodeURIComponent(`${repository}:1`)}`)
  const { trust } = ((await shown.json()) as Image).platforms[0]!
  const assigned = await server.send('POST', '/api/v1/machines/bulk', {
    machines: [machine],
    action: { type: 'assign', image: `${repository}:1`, spec: { disks: { disk: {} } } },
  })
  const { results } = (await assigned.json()) as { results: { error: { code: string } | null }[] }
  return { trust, code: results[0]!.error?.code ?? null }
}

const lookasideOf = (repository: string, image: Name) =>
  join(folder, 'lookaside', `${repository}@${digests[image].replace(':', '=')}`)

describe.skipIf(blocked !== undefined)(`an image that is signed by GPG${skipped}`, () => {
  it('is trusted by what its lookaside has, also under another name', async () => {
    await pushUpstream('os/aside', 'one', ours)
    expect(await readdir(lookasideOf('os/aside', 'one'))).toEqual(['signature-1'])
    await pull('os/aside')
    await pull('os/aside', 'renamed/aside')
    const signer = `GPG key ${ours.fingerprint}`
    for (const name of ['os/aside', 'renamed/aside']) {
      expect(await judged(name)).toMatchObject({
        trust: { trusted: true, evidence: { kind: 'gpg', signer } },
        code: null,
      })
    }
    expect((await server.cli('trust', 'list')).stdout).toContain(`GPG key ${ours.fingerprint}`)
  })

  it('is trusted when it was pushed here, also when it was signed twice', async () => {
    await pushHere('os/pushed', 'one', ours)
    await pushHere('os/pushed', 'one', ours)
    expect(await judged('os/pushed')).toMatchObject({
      trust: { trusted: true, enforcedAfterwards: true, policy: { require: 'gpg' } },
      code: null,
    })
  })
})

describe.skipIf(blocked !== undefined)(`an image that is not to be believed${skipped}`, () => {
  it.each<[string, string, string, (repository: string) => Promise<void>]>([
    ['has no signature', 'IMAGE_UNSIGNED', 'os/unsigned', (to) => pushHere(to, 'one')],
    ['is signed by another key', 'SIGNATURE_INVALID', 'os/wrong', (to) => pushHere(to, 'one', stranger)],
    [
      'comes with the signature of the one before',
      'SIGNATURE_OTHER_DIGEST',
      'os/replayed',
      async (to) => {
        await pushUpstream(to, 'one', ours)
        await pushUpstream(to, 'two')
        await mkdir(lookasideOf(to, 'two'), { recursive: true })
        await copyFile(join(lookasideOf(to, 'one'), 'signature-1'), join(lookasideOf(to, 'two'), 'signature-1'))
        await pull(to)
      },
    ],
    [
      'was signed as another repository',
      'SIGNATURE_OTHER_REPOSITORY',
      'os/borrowed',
      async (to) => {
        await pushUpstream('os/lender', 'one', ours)
        await pushUpstream(to, 'one')
        await mkdir(lookasideOf(to, 'one'), { recursive: true })
        await copyFile(
          join(lookasideOf('os/lender', 'one'), 'signature-1'),
          join(lookasideOf(to, 'one'), 'signature-1'),
        )
        await pull(to)
      },
    ],
  ])('is not assigned: it %s', async (_, code, repository, make) => {
    await make(repository)
    expect(await judged(repository)).toMatchObject({ trust: { trusted: false, code }, code })
  })
})

describe.skipIf(blocked !== undefined)(`a deployed system${skipped}`, () => {
  it.each<[string, string, () => GpgHome | undefined, RegExp | undefined]>([
    ['takes what is signed', 'os/system-signed', () => ours, undefined],
    ['refuses what is not', 'os/system-unsigned', () => undefined, /signature was required, but no signature exists/i],
    ['refuses what another key has signed', 'os/system-wrong', () => stranger, /invalid GPG signature|signature/i],
  ])('%s, by the policy that we write and its own tools', async (_, repository, by, refusal) => {
    await pushHere(repository, 'one', by())
    const root = await mkdtemp(join(folder, 'system-'))
    const target = `127.0.0.1:${server.ports.https}/${repository}:1`
    const keyring = readGpgKeys(ours.armored).bytes.toString('base64')
    for (const one of await trustFiles(root, target, { kind: 'gpg', keyring, signedAs: target })) {
      if (!('text' in one)) continue
      await mkdir(dirname(join(root, one.path)), { recursive: true })
      await writeFile(join(root, one.path), one.text)
    }
    const policy = ['--policy', join(root, 'etc/containers/policy.json'), '--registries.d', join(root, 'none')]
    const options = ['--quiet', '--src-cert-dir', join(folder, 'certs'), '--remove-signatures']
    const pulling = copy(...policy, 'copy', ...options, `docker://${target}`, `dir:${join(root, 'image')}`)
    if (refusal === undefined) await pulling
    else await expect(pulling).rejects.toThrow(refusal)
  })
})
