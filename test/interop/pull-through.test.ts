// Repositories of another registry, Debian's docker-registry, fetched when real clients ask Landfall for them.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { file } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { startDockerRegistry } from './docker-registry.ts'
import type { DockerRegistry } from './docker-registry.ts'
import { serve, type Served } from './serve.ts'
import { watchLine } from './watched-line.ts'
import type { WatchedLine } from './watched-line.ts'

const run = promisify(execFile)
const LAYER_BYTES = 2 ** 21

let folder: string
let certificates: string
let upstream: DockerRegistry
let line: WatchedLine
let server: Served

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-pull-through-'))
  upstream = await startDockerRegistry(join(folder, 'upstream'))
  line = await watchLine(upstream.host, { bytesPerSecond: LAYER_BYTES })
  const config = join(folder, 'landfall.toml')
  await writeFile(config, `[[images.upstreams]]\nregistry = "${line.host}"\nprefix = "up"\ninsecure = true\n`)
  server = await serve(join(folder, 'data'), { flags: ['--config', config] })
  certificates = join(folder, 'certs')
  await mkdir(certificates)
  await writeFile(join(certificates, 'ca.crt'), server.access.ca)
}, 120_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await line?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => {
  line.requests.length = 0
  line.bytes = 0
})

describe('a repository of another registry', () => {
  it('comes to skopeo through Landfall, and the second time no byte comes from upstream', async () => {
    const { digest } = await pushed('os/web')
    expect(await pulled('os/web', 'first')).toBe(digest)
    expect(line.bytes).toBeGreaterThan(LAYER_BYTES)
    line.requests.length = 0
    line.bytes = 0
    expect(await pulled('os/web', 'second')).toBe(digest)
    expect([line.requests, line.bytes]).toEqual([[], 0])
  })

  it('is fetched once for many clients, who read while it arrives', async () => {
    const { layer } = await pushed('os/many')
    const url = `https://127.0.0.1:${server.ports.https}/v2/up/os/many`
    await curl(`${url}/manifests/1`)
    const clients = Array.from({ length: 10 }, async (_, client) => {
      const target = join(folder, `client-${client}`)
      const format = '%{time_starttransfer} %{time_total}'
      const { stdout } = await curl('--output', target, '--write-out', format, `${url}/blobs/${layer}`)
      const [begun = NaN, ended = NaN] = stdout.split(' ').map(Number)
      return { begun, ended, sum: `sha256:${(await run('sha256sum', [target])).stdout.slice(0, 64)}` }
    })
    for (const { begun, ended, sum } of await Promise.all(clients)) {
      expect(sum).toBe(layer)
      expect(begun).toBeLessThan(ended - 0.3)
    }
    expect(line.requests.filter((request) => request.endsWith(layer))).toHaveLength(1)
  })

  it('stays whole when Landfall is killed while it arrives', async () => {
    const { digest, layer } = await pushed('os/killed')
    const url = `https://127.0.0.1:${server.ports.https}/v2/up/os/killed`
    await curl(`${url}/manifests/1`)
    const broken = curl('--output', join(folder, 'broken'), `${url}/blobs/${layer}`).catch((error: unknown) => error)
    await expect.poll(() => line.bytes).toBeGreaterThan(LAYER_BYTES / 4)
    const { ports } = server
    await server.end('SIGKILL')
    expect(await broken).toBeInstanceOf(Error)
    server = await serve(join(folder, 'data'), { ports, flags: ['--config', join(folder, 'landfall.toml')] })
    await writeFile(join(certificates, 'ca.crt'), server.access.ca)
    const check = await server.cli('image', 'fsck')
    expect(check.code, check.stdout).toBe(0)
    expect(await pulled('os/killed', 'after')).toBe(digest)
  })
})

/** An image with one layer of bytes that nobody has yet, on the other registry. */
async function pushed(repository: string): Promise<{ digest: string; layer: string }> {
  const layout = await mkdtemp(join(folder, 'layout-'))
  const layers = [{ compression: 'none' as const, entries: [file('random', randomBytes(LAYER_BYTES))] }]
  const { descriptor, manifest } = await writeTinyImage(layout, { layers })
  const target = `docker://${upstream.host}/${repository}:1`
  await run('skopeo', ['copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false', `oci:${layout}:1`, target])
  return { digest: descriptor.digest, layer: manifest.layers[0]!.digest }
}

/** By skopeo, through Landfall. */
async function pulled(repository: string, name: string): Promise<string> {
  const target = join(folder, name)
  const source = `docker://127.0.0.1:${server.ports.https}/up/${repository}:1`
  await run('skopeo', ['copy', '--quiet', '--preserve-digests', '--src-cert-dir', certificates, source, `oci:${target}:1`]) // prettier-ignore
  const index = JSON.parse(await readFile(join(target, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
  return index.manifests[0]!.digest
}

function curl(...args: string[]) {
  return run('curl', ['--silent', '--show-error', '--fail', '--cacert', join(certificates, 'ca.crt'), ...args])
}
