// The registry and the clients people have: skopeo, podman, umoci, curl, and another registry beside it.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyImage } from '../images/tiny-image.ts'
import { startDockerRegistry } from './docker-registry.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)
const NOBODY = 65_534
const PROGRAM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin']

let folder: string
let certificates: string
let server: Served
let host: string
let layout: string
let digest: string

const has = (program: string) => PROGRAM_FOLDERS.some((place) => existsSync(join(place, program)))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-registry-'))
  await chmod(folder, 0o755)
  server = await serve(join(folder, 'data'))
  host = `127.0.0.1:${server.ports.https}`
  certificates = join(folder, 'certs')
  await mkdir(certificates)
  await writeFile(join(certificates, 'ca.crt'), server.access.ca)
  layout = join(folder, 'layout')
  digest = (await writeTinyImage(layout, { labels: { 'containers.bootc': '1' } })).descriptor.digest
}, 60_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const asUser = () => ['--dest-cert-dir', certificates, '--dest-creds', `me:${server.access.token}`]
const copy = (...args: string[]) => run('skopeo', ['copy', '--quiet', '--preserve-digests', ...args])

describe.skipIf(!has('skopeo'))('skopeo', () => {
  it('pushes with an API token, and what it pushed can be installed', async () => {
    await copy(...asUser(), `oci:${layout}:1`, `docker://${host}/os/tiny:1`)
    const images = await server.cli('image', 'list', '--output', 'json')
    expect(JSON.parse(images.stdout)).toMatchObject([
      { reference: 'os/tiny:1', digest, platforms: [{ bootable: true }] },
    ])
    const events = (await (await server.api('GET', '/api/v1/events?after=0')).body!.getReader().read()).value
    expect(Buffer.from(events as Uint8Array).toString()).toContain('image os/tiny:1 was pushed')
  })

  it('is refused without credentials and with wrong ones', async () => {
    const cert = ['--dest-cert-dir', certificates]
    const push = (...args: string[]) => copy(...cert, ...args, `oci:${layout}:1`, `docker://${host}/os/refused:1`)
    await expect(push('--dest-no-creds')).rejects.toThrow(/unauthorized|authentication required/i)
    await expect(push('--dest-creds', 'me:wrong')).rejects.toThrow(/unauthorized|invalid username/i)
  })

  it('pulls, inspects and lists without credentials', async () => {
    const cert = ['--cert-dir', certificates]
    const { stdout } = await run('skopeo', ['inspect', ...cert, `docker://${host}/os/tiny:1`])
    expect(JSON.parse(stdout)).toMatchObject({ Digest: digest, RepoTags: ['1'] })
    const tags = await run('skopeo', ['list-tags', ...cert, `docker://${host}/os/tiny`])
    expect(JSON.parse(tags.stdout)).toMatchObject({ Tags: ['1'] })
    const back = join(folder, 'back')
    await copy('--src-cert-dir', certificates, `docker://${host}/os/tiny:1`, `oci:${back}:1`)
    const index = JSON.parse(await readFile(join(back, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
    expect(index.manifests[0]!.digest).toBe(digest)
  })

  it('copies within the registry, by mounting', async () => {
    const source = ['--src-cert-dir', certificates]
    await copy(...source, ...asUser(), `docker://${host}/os/tiny:1`, `docker://${host}/os/copy:2`)
    expect((await server.cli('image', 'show', 'os/copy:2')).code).toBe(0)
  })

  it('pushes an image for several architectures whole', async () => {
    const all = join(folder, 'all')
    const parts = []
    for (const architecture of ['amd64', 'arm64'] as const) {
      const dir = join(folder, `part-${architecture}`)
      const { descriptor } = await writeTinyImage(dir, { architecture, labels: { 'containers.bootc': '1' } })
      await copy(`oci:${dir}:1`, `oci:${all}:${architecture}`)
      const { mediaType, digest, size } = descriptor
      parts.push({ mediaType, digest, size, platform: { os: 'linux', architecture } })
    }
    await writeIndex(all, 'all', parts)
    await copy('--all', ...asUser(), `oci:${all}:all`, `docker://${host}/os/all:1`)
    const shown = await server.cli('image', 'show', 'os/all:1', '--output', 'json')
    const platforms = (JSON.parse(shown.stdout) as { platforms: { architecture: string }[] }).platforms
    expect(platforms.map(({ architecture }) => architecture).sort()).toEqual(['amd64', 'arm64'])
  })

  it('deletes, and the room is freed', async () => {
    await run('skopeo', ['delete', '--cert-dir', certificates, '--creds', `me:${server.access.token}`, `docker://${host}/os/copy:2`]) // prettier-ignore
    expect((await server.cli('image', 'show', 'os/copy:2')).code).not.toBe(0)
    const gc = await server.cli('image', 'gc', '--output', 'json')
    expect(gc.code, gc.stderr).toBe(0)
    const fsck = await server.cli('image', 'fsck', '--output', 'json')
    expect(JSON.parse(fsck.stdout)).toMatchObject({ problems: [] })
    expect((await server.cli('image', 'show', 'os/tiny:1')).code).toBe(0)
  })
})

describe.skipIf(!has('skopeo') || !has('docker-registry'))('docker-registry', () => {
  it('exchanges images with it, in both directions', async () => {
    await using peer = await startDockerRegistry(join(folder, 'peer'))
    const there = `docker://${peer.host}/peer/tiny:1`
    await copy('--src-cert-dir', certificates, '--dest-tls-verify=false', `docker://${host}/os/tiny:1`, there)
    await copy('--src-tls-verify=false', ...asUser(), there, `docker://${host}/os/from-peer:1`)
    const pulled = await server.cli('image', 'pull', `${peer.host}/peer/tiny:1`, '--insecure', '--as', 'os/pulled:1')
    expect(pulled.code, pulled.stderr).toBe(0)
    for (const name of ['os/from-peer:1', 'os/pulled:1']) {
      const shown = await server.cli('image', 'show', name, '--output', 'json')
      expect(JSON.parse(shown.stdout)).toMatchObject({ digest })
    }
  })
})

describe.skipIf(!has('podman') || process.getuid?.() !== 0)('podman', () => {
  it.each([
    ['root', undefined],
    ['another user, rootless', NOBODY],
  ])(
    'pushes, pulls and logs in as %s',
    async (who, uid) => {
      const podman = await podmanOf(uid)
      const tag = uid === undefined ? 'root' : 'rootless'
      const archive = join(folder, `${tag}.tar`)
      await writeFile(join(folder, 'hello'), `${who}\n`)
      await run('tar', ['-cf', archive, '-C', folder, 'hello'])
      await podman('import', archive, `localhost/hello:${tag}`)
      const name = `${host}/pod/hello:${tag}`
      const secure = ['--cert-dir', certificates]
      await expect(podman('push', '--quiet', ...secure, `localhost/hello:${tag}`, name)).rejects.toThrow(
        /unauthorized|API token/,
      )
      await podman('login', ...secure, '--username', 'me', '--password', server.access.token, host)
      await podman('push', '--quiet', ...secure, `localhost/hello:${tag}`, name)
      await podman('logout', host)
      await podman('rmi', '--force', `localhost/hello:${tag}`)
      await podman('pull', '--quiet', ...secure, name)
      const { stdout } = await podman('image', 'inspect', '--format', '{{.Digest}}', name)
      const shown = await server.cli('image', 'list', '--output', 'json')
      expect(shown.stdout).toContain(stdout.trim())
    },
    120_000,
  )
})

describe.skipIf(!has('umoci') || !has('skopeo'))('umoci', () => {
  it('makes an image that is pushed, and unpacks what is pulled', async () => {
    const made = join(folder, 'umoci')
    await run('umoci', ['init', '--layout', made])
    await run('umoci', ['new', '--image', `${made}:1`])
    const root = join(folder, 'umoci-root')
    await mkdir(root)
    await writeFile(join(root, 'file'), 'by umoci\n')
    await run('umoci', ['insert', '--rootless', '--image', `${made}:1`, root, '/opt'])
    await copy(...asUser(), `oci:${made}:1`, `docker://${host}/os/umoci:1`)
    const back = join(folder, 'umoci-back')
    await copy('--src-cert-dir', certificates, `docker://${host}/os/umoci:1`, `oci:${back}:1`)
    const bundle = join(folder, 'umoci-bundle')
    await run('umoci', ['unpack', '--rootless', '--image', `${back}:1`, bundle])
    expect(await readFile(join(bundle, 'rootfs/opt/file'), 'utf8')).toBe('by umoci\n')
  })
})

describe.skipIf(!has('curl'))('curl', () => {
  it('goes on where a download broke off', async () => {
    const { stdout: manifest } = await curl(`https://${host}/v2/os/tiny/manifests/${digest}`)
    const { layers } = JSON.parse(manifest) as { layers: { digest: string; size: number }[] }
    const largest = layers.toSorted((a, b) => b.size - a.size)[0]!
    const file = join(folder, 'blob')
    const url = `https://${host}/v2/os/tiny/blobs/${largest.digest}`
    await curl('--range', '0-99', '--output', file, url)
    await curl('--continue-at', '-', '--output', file, url)
    const { stdout } = await run('sha256sum', [file])
    expect(`sha256:${stdout.slice(0, 64)}`).toBe(largest.digest)
  })
})

function curl(...args: string[]) {
  return run('curl', ['--silent', '--show-error', '--fail', '--cacert', join(certificates, 'ca.crt'), ...args])
}

/** Adds an index of manifests that are in the layout already. */
async function writeIndex(dir: string, name: string, manifests: object[]): Promise<void> {
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType, manifests })
  const file = join(dir, 'index-of-all.json')
  await writeFile(file, bytes)
  const hex = (await run('sha256sum', [file])).stdout.slice(0, 64)
  await writeFile(join(dir, 'blobs/sha256', hex), bytes)
  const index = JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')) as { manifests: object[] }
  const annotations = { 'org.opencontainers.image.ref.name': name }
  index.manifests.push({ mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(bytes), annotations })
  await writeFile(join(dir, 'index.json'), JSON.stringify(index))
}

/** Podman with everything it keeps in a folder of its own. */
async function podmanOf(uid: number | undefined) {
  const home = await mkdtemp(join(folder, 'podman-'))
  if (uid !== undefined) await run('chown', [String(uid), home])
  const inside = (name: string) => join(home, name)
  const storage = ['--root', inside('root'), '--runroot', inside('run'), '--storage-driver', 'vfs']
  // One user is mapped, so files cannot belong to others.
  const single = uid === undefined ? [] : ['--storage-opt', 'vfs.ignore_chown_errors=true']
  const as = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_RUNTIME_DIR: home,
    TMPDIR: home,
  }
  return (...args: string[]) => {
    const [program, ...rest] = [...as, 'podman', ...storage, ...single, '--events-backend=none', ...args]
    return run(program!, rest, { env, cwd: home })
  }
}
