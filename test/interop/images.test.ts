// Images on their way in and out: folders, archives, Debian's registry, skopeo.

import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Image } from '../../server/contract/image.ts'
import { directory, file } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { corruptFile } from '../images/tampered.ts'
import { startDockerRegistry, type DockerRegistry } from './docker-registry.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)
const LABELS = { 'containers.bootc': '1' }

let folder: string
let server: Served
let layout: string
let digest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-images-'))
  server = await serve(join(folder, 'data'))
  layout = join(folder, 'layout')
  digest = (await writeTinyImage(layout, { labels: LABELS })).descriptor.digest
}, 60_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('landfall image import', () => {
  it('takes a folder, with progress on standard error and the result on standard output', async () => {
    const end = await server.cli('image', 'import', layout, '--as', 'os/tiny', '--output', 'json')
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject([{ reference: 'os/tiny:1', digest }])
    expect(end.stderr).toMatch(/sending/)
    expect(await imageOf('os/tiny:1')).toMatchObject({ platforms: [{ architecture: 'amd64', bootable: true }] })
  })

  it.each([
    ['tar', []],
    ['gzip', ['--gzip']],
    ['zstd', ['--zstd']],
  ])('takes an archive (%s)', async (name, flags) => {
    const archive = join(folder, `${name}.archive`)
    await run('tar', [...flags, '-cf', archive, '-C', layout, '.'])
    const end = await server.cli('image', 'import', archive, '--as', `os/${name}:1`)
    expect(end.code, end.stderr).toBe(0)
    expect((await imageOf(`os/${name}:1`))?.digest).toBe(digest)
  })

  it.each(['gzip', 'zstd'])('refuses an archive that was cut short (%s), and goes on serving', async (name) => {
    const archive = join(folder, `${name}.archive`)
    const cut = join(folder, `${name}.cut`)
    const whole = await readFile(archive)
    await writeFile(cut, whole.subarray(0, whole.length / 2))
    const end = await server.cli('image', 'import', cut, '--as', `os/cut-${name}:1`)
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/ARCHIVE_INVALID/)
    expect(await imageOf(`os/cut-${name}:1`)).toBeUndefined()
    expect(server.running).toBe(true)
  })

  it('takes an archive that skopeo wrote', async () => {
    const archive = join(folder, 'skopeo.tar')
    await run('skopeo', ['copy', '--quiet', '--preserve-digests', `oci:${layout}:1`, `oci-archive:${archive}:1`])
    const end = await server.cli('image', 'import', archive, '--as', 'os/skopeo')
    expect(end.code, end.stderr).toBe(0)
    expect((await imageOf('os/skopeo:1'))?.digest).toBe(digest)
  })

  it('refuses a layer that is not what its digest says, and publishes nothing', async () => {
    const bad = join(folder, 'bad')
    const { manifest } = await writeTinyImage(bad, { labels: LABELS, layers: oddLayer('bad') })
    await corruptFile(join(bad, 'blobs/sha256', manifest.layers[0]!.digest.slice(7)))
    const end = await server.cli('image', 'import', bad, '--as', 'os/bad')
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/^landfall: .*sha256:.*\(DIGEST_MISMATCH\)/m)
    expect(await imageOf('os/bad:1')).toBeUndefined()
  })

  it('says what to do when the name is missing', async () => {
    const archive = join(folder, 'nameless.tar')
    await run('tar', ['-cf', archive, '-C', layout, '.'])
    const end = await server.cli('image', 'import', join(folder, 'nothing-there'), '--as', 'x/y')
    expect(end.code).not.toBe(0)
    expect(end.stderr).toMatch(/nothing-there/)
  })

  it('that is killed half-way leaves nothing, and can be repeated', async () => {
    const large = join(folder, 'large')
    const { descriptor } = await writeTinyImage(large, { labels: LABELS, layers: oddLayer('x'.repeat(30_000_000)) })
    const dataDir = join(folder, 'killed')
    const first = await serve(dataDir)
    const archive = join(folder, 'large.tar')
    await run('tar', ['-cf', archive, '-C', large, '.'])
    const slow = first.api('POST', '/api/v1/images/import?as=os/large', {
      headers: { 'content-type': 'application/x-tar' },
      body: slowly(archive),
      duplex: 'half',
    })
    slow.catch(() => {})
    await sleep(1000)
    await first.end('SIGKILL')

    await using second = await serve(dataDir, { ports: first.ports })
    expect(await (await second.api('GET', '/api/v1/images')).json()).toEqual({ items: [] })
    expect(await readdir(join(dataDir, 'oci/incoming'))).toEqual([])
    const end = await second.cli('image', 'import', large, '--as', 'os/large')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stdout).toContain(descriptor.digest.slice(7, 19))
  }, 60_000)
})

describe('landfall image pull', () => {
  let registry: DockerRegistry
  let host: string

  beforeAll(async () => {
    registry = await startDockerRegistry(join(folder, 'registry'))
    host = registry.host
    await run('skopeo', [
      'copy',
      '--quiet',
      '--preserve-digests',
      '--dest-tls-verify=false',
      `oci:${layout}:1`,
      `docker://${host}/up/tiny:1`,
    ])
  }, 60_000)

  afterAll(() => registry?.[Symbol.asyncDispose]())

  it("copies from Debian's docker-registry", async () => {
    const end = await server.cli('image', 'pull', `${host}/up/tiny:1`, '--insecure', '--output', 'json')
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject([{ reference: 'up/tiny:1', digest }])
  })

  it('refuses a layer that the registry damaged, and publishes nothing', async () => {
    const source = join(folder, 'damaged')
    const { manifest } = await writeTinyImage(source, { labels: LABELS, layers: oddLayer('damaged') })
    await run('skopeo', [
      'copy',
      '--quiet',
      '--preserve-digests',
      '--dest-tls-verify=false',
      `oci:${source}:1`,
      `docker://${host}/up/damaged:1`,
    ])
    const hex = manifest.layers[0]!.digest.slice(7)
    await corruptFile(join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data'))
    const end = await server.cli('image', 'pull', `${host}/up/damaged:1`, '--insecure')
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/\(DIGEST_MISMATCH\)/)
    expect(await imageOf('up/damaged:1')).toBeUndefined()
  })

  it.each([
    ['an image that is not there', () => `${host}/up/nothing:1`, /\((IMAGE_NOT_FOUND|MANIFEST_UNKNOWN|[A-Z_]+)\)/],
    ['a registry that is not there', () => '127.0.0.1:1/up/tiny:1', /127\.0\.0\.1:1/],
    ['a reference that is none', () => 'UP/Tiny:::', /\(REFERENCE_INVALID\)/],
  ])('says what is wrong with %s', async (_, reference, message) => {
    const end = await server.cli('image', 'pull', reference(), '--insecure')
    expect(end.code).not.toBe(0)
    expect(end.stderr).toMatch(message)
  })
})

describe('the registry inside', () => {
  it('gives skopeo the same image back, trusting only our CA', async () => {
    const certificates = join(folder, 'certs')
    await mkdir(certificates)
    await writeFile(join(certificates, 'ca.crt'), server.access.ca)
    const target = join(folder, 'back')
    const source = `docker://127.0.0.1:${server.ports.https}/os/tiny:1`
    await run('skopeo', [
      'copy',
      '--quiet',
      '--src-cert-dir',
      certificates,
      '--preserve-digests',
      source,
      `oci:${target}:1`,
    ])
    const index = JSON.parse(await readFile(join(target, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
    expect(index.manifests[0]!.digest).toBe(digest)
  })
})

async function imageOf(reference: string): Promise<Image | undefined> {
  const answer = await server.api('GET', `/api/v1/images/${encodeURIComponent(reference)}`)
  return answer.ok ? ((await answer.json()) as Image) : undefined
}

/** A layer that no other test has, so that nothing of it is in the store. */
function oddLayer(content: string) {
  return [{ compression: 'none' as const, entries: [directory('etc'), file('etc/odd', content)] }]
}

/** About 10 MB a second. */
async function* slowly(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1_000_000 })) {
    yield chunk as Buffer
    await sleep(100)
  }
}
