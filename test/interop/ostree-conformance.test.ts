// Section 8 of ostree-container-deploy, item by item, on file systems that the import and the image's own ostree wrote: plain and chunked
// images, with an SELinux policy and without. Judges are the public ostree command lines of two Debian releases.
//
// What takes a machine is judged by test/e2e/deployed.ts, boot loaders by agent-deploy.test.ts.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labelRoot } from '../../boot-assets/agent/deployment/label-root.ts'
import { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { filesystemAt } from '../../boot-assets/agent/disk/target.ts'
import type { Target } from '../../boot-assets/agent/disk/target.ts'
import { importImage } from '../../boot-assets/agent/ostree/import-image.ts'
import type { ImportResult } from '../../boot-assets/agent/ostree/import-image.ts'
import { layerRef, unescapeRef } from '../../boot-assets/agent/ostree/ref-escape.ts'
import { Repo } from '../../boot-assets/agent/ostree/repo.ts'
import { deploy } from '../../boot-assets/agent/stages/deploy.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import type { Suite } from '../../boot-assets/debian/root.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { plan } from '../agent/examples.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import { bootableTree, KERNEL, POLICY, UPPER, writePolicy } from '../agent/ostree/bootable.ts'
import { chunkedImage, embeddedCommit } from '../agent/ostree/chunked.ts'
import { OstreeCli } from '../agent/ostree/cli.ts'
import type { EmbeddedCommit } from '../agent/ostree/cli.ts'
import { makeImage } from '../agent/ostree/image.ts'
import type { TestImage } from '../agent/ostree/image.ts'
import type { Entry } from '../agent/stream/tar-writer.ts'
import { memoryFolder } from '../helpers/memory-folder.ts'
import { untilFree } from './until-free.ts'

const MIB = 2 ** 20
const REFERENCE = 'registry.example:8443/os/small_one:stable'
const BLOBS = 'ostree/container/blob/'
const IMAGES = 'ostree/container/image/'

interface Kind {
  name: string
  chunked: boolean
  derived: boolean
  selinux: boolean
  separateBoot: boolean
  /** Whose ostree the image has: that one deploys. */
  suite: Suite
}

const KINDS: readonly Kind[] = [
  { name: 'plain', chunked: false, derived: true, selinux: false, separateBoot: true, suite: 'forky' },
  { name: 'plain with a policy', chunked: false, derived: true, selinux: true, separateBoot: false, suite: 'trixie' },
  { name: 'chunked', chunked: true, derived: false, selinux: false, separateBoot: true, suite: 'trixie' },
  { name: 'chunked + derived', chunked: true, derived: true, selinux: true, separateBoot: false, suite: 'forky' },
]

const blocked = reasonToSkip()

describe.skipIf(blocked !== undefined)(`conformance${blocked === undefined ? '' : ` (skipped: ${blocked})`}`, () => {
  let judges: OstreeCli[]

  beforeAll(async () => {
    judges = [await OstreeCli.of('trixie'), await OstreeCli.of('forky')]
  }, 1_200_000)

  describe.each(KINDS)('of a deployed image: $name', (kind) => {
    const { chunked, derived, selinux, separateBoot } = kind
    let world: World
    let root: string
    let image: TestImage
    let deployment: string
    let commit: string

    beforeAll(async () => {
      world = await World.make(kind, judges[1]!)
      ;({ root, image } = world)
      commit = world.commit
      deployment = join(root, `ostree/deploy/default/deploy/${commit}.0`)
    }, 600_000)
    afterAll(() => world?.end())

    const repo = (): string => join(root, 'ostree/repo')
    /** What both judges say, which must be the same. */
    const ostree = (...args: string[]): string => {
      const [one, other] = judges.map((judge) => judge.run(repo(), ...args))
      expect(one).toBe(other)
      return one!
    }
    const refs = (prefix = ''): string[] =>
      ostree('refs')
        .split('\n')
        .filter((ref) => ref.startsWith(prefix))
        .toSorted()
    const resolve = (ref: string): string => ostree('rev-parse', ref)
    const digests = (): string[] => image.manifest.layers.map(({ digest }) => digest)
    const metadata = (key: string): string => judges[1]!.metadata(repo(), commit, key)
    const entry = (): Map<string, string> =>
      new Map(
        readFileSync(join(root, 'boot/loader/entries/ostree-1.conf'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
      )
    const modules = (): string => join(deployment, 'usr/lib/modules', KERNEL)
    const bootcsum = (): string =>
      createHash('sha256')
        .update(readFileSync(join(modules(), 'vmlinuz')))
        .update(readFileSync(join(modules(), 'initramfs.img')))
        .digest('hex')

    it('items 1, 2: has the repository that bootc configures', () => {
      const keys = ['core.mode', 'core.repo_version', 'sysroot.bootloader', 'sysroot.bootprefix', 'sysroot.readonly']
      expect(keys.map((key) => ostree('config', 'get', key))).toEqual(['bare', '1', 'none', 'true', 'true'])
      expect(() => ostree('config', 'get', 'core.fsync')).toThrow()
    })

    it('item 3: verifies', () => {
      for (const judge of judges) expect(() => judge.run(repo(), 'fsck', '--quiet')).not.toThrow()
    })

    it('item 4: has nothing partial and nothing temporary', () => {
      expect(readdirSync(join(repo(), 'state'))).toEqual([])
      expect(readdirSync(join(repo(), 'tmp')).filter((name) => name !== 'cache' && !name.endsWith('.lock'))).toEqual([])
    })

    it('items 5, 6, 7: has a ref for each layer, one for the image by its target, and that of the boot', () => {
      expect(new Set(refs(BLOBS).map((ref) => unescapeRef(ref.slice(BLOBS.length))))).toEqual(new Set(digests()))
      expect(refs(IMAGES).map((ref) => unescapeRef(ref.slice(IMAGES.length)))).toEqual([`docker://${REFERENCE}`])
      expect(refs('ostree/1/')).toEqual(['ostree/1/1/0'])
      expect(refs()).toHaveLength(new Set(digests()).size + 2)
      for (const digest of digests()) expect(resolve(layerRef(digest))).toMatch(/^[0-9a-f]{64}$/)
    })

    it('item 8: has the embedded commit as first layer and as parent', ({ skip }) => {
      skip(!chunked, 'only images with an embedded commit have chunks')
      const embedded = resolve(layerRef(digests()[0]!))
      expect(embedded).toBe(image.config.config?.Labels?.['ostree.commit'])
      expect(ostree('show', commit)).toContain(`Parent:  ${embedded}`)
    })

    it('item 9: has flat commits of objects for chunks', ({ skip }) => {
      skip(!chunked, 'only images with an embedded commit have chunks')
      for (const digest of digests().slice(1, world.baseLayers)) {
        const chunk = resolve(layerRef(digest))
        expect(ostree('show', '--raw', chunk)).toMatch(/^\(@a\{sv\} \{\}, @ay \[\], .* uint64 0, /m)
        const lines = ostree('ls', '-C', chunk, '/').split('\n').slice(1)
        expect(lines.length).toBeGreaterThan(0)
        for (const line of lines) expect(line).toMatch(/ ([0-9a-f]{64}) \/\1(?: -> |$)/)
      }
    })

    it('item 10: has layer commits of an importer, without parent', ({ skip }) => {
      skip(!derived, 'only images with further layers have these')
      for (const digest of digests().slice(world.baseLayers)) {
        const layer = resolve(layerRef(digest))
        expect(judges[1]!.metadata(repo(), layer, 'ostree.importer.version')).not.toBe('')
        expect(ostree('show', layer)).not.toContain('Parent:')
      }
    })

    it('item 11: loses nothing to a prune', () => {
      const objects = readdirSync(join(repo(), 'objects'), { recursive: true }).length
      judges[0]!.run(repo(), 'prune', '--refs-only', '--depth=0')
      expect(readdirSync(join(repo(), 'objects'), { recursive: true })).toHaveLength(objects)
    })

    it('item 12: names one commit everywhere', () => {
      expect([resolve(refs(IMAGES)[0]!), resolve('ostree/1/1/0')]).toEqual([commit, commit])
      expect(readdirSync(join(root, 'ostree/deploy/default/deploy')).toSorted()).toEqual([
        `${commit}.0`,
        `${commit}.0.origin`,
      ])
    })

    it('items 13, 14, 15, 16: holds manifest, its digest and configuration, and nothing else', () => {
      expect(metadata('ostree.manifest-digest')).toBe(image.manifestDigest)
      const manifest = JSON.parse(metadata('ostree.manifest')) as TestImage['manifest']
      expect(manifest.layers.map(({ digest }) => digest)).toEqual(digests())
      expect(manifest.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
      expect(metadata('ostree.manifest')).toMatch(/^\{"config":\{"digest":/)
      const config = JSON.parse(metadata('ostree.container.image-config')) as TestImage['config']
      expect(config.architecture).toBe('amd64')
      expect(config.rootfs.diff_ids).toHaveLength(digests().length)
      expect(metadata('ostree.importer.version')).toMatch(/^\d+\.\d+\.\d+$/)
      expect(ostree('show', '--list-metadata-keys', commit).split('\n').toSorted()).toEqual([
        'ostree.container.image-config',
        'ostree.importer.version',
        'ostree.manifest',
        'ostree.manifest-digest',
      ])
    })

    it('item 17: has the time of the image and no subject', () => {
      const shown = ostree('show', commit)
      expect(shown).toContain('Date:  2026-02-03 04:05:06 +0000')
      expect(shown).toContain('(no subject)')
      if (!chunked) expect(shown).not.toContain('Parent:')
    })

    it('item 18: has no whiteouts, nothing of running systems, one /etc', () => {
      const list = ostree('ls', '-R', commit)
      expect(list).not.toMatch(/\/\.wh\.| \/(run|tmp|proc|sys|dev)\/| \/etc\b/)
    })

    it('item 19: has no empty hostname and resolv.conf', () => {
      expect(ostree('ls', commit, '/usr/etc')).not.toMatch(/hostname|resolv\.conf/)
    })

    it('item 20: has whiteouts, opaque folders and changed types applied, the first mode kept', ({ skip }) => {
      skip(!derived, 'only images with further layers have these')
      const list = ostree('ls', '-R', commit, '/usr/share')
      expect(list).not.toMatch(/gone|lower/)
      expect(list).toContain('/usr/share/opaque/upper')
      expect(list).toMatch(/^d00755 .* \/usr\/share\/replaced$/m)
      expect(list).toMatch(/^d00750 .* \/usr\/share\/mode$/m)
    })

    it('item 21: keeps setuid bits and capabilities', () => {
      expect(ostree('ls', commit, '/usr/bin/su')).toMatch(/^-04755 0 0 /)
      expect(ostree('ls', '-X', commit, '/usr/bin/ping')).toContain('security.capability')
    })

    it('item 22: has a label for each file, that of /etc/shadow for its original', ({ skip }) => {
      skip(!selinux, 'the image has no SELinux policy')
      const lines = ostree('ls', '-R', '-X', commit).split('\n')
      expect(lines.filter((line) => !line.includes('security.selinux'))).toEqual([])
      expect(world.labelOf(join(deployment, 'usr/etc/shadow'))).toBe('system_u:object_r:shadow_t:s0')
      expect(world.labelOf(join(deployment, 'etc/shadow'))).toBe('system_u:object_r:shadow_t:s0')
    })

    it('items 12, 16, 17: is the commit that the command line makes of the image', () => {
      expect(commit).toBe(world.peer())
    })

    it('item 23: comes to the same by another import, which writes nothing', async () => {
      const before = readdirSync(join(repo(), 'objects'), { recursive: true }).length
      const { result, fetched } = await world.importAgain(image)
      expect(fetched).toEqual([])
      if (!selinux || !derived) expect(result.mergeCommit).toBe(commit)
      else world.restoreRef(commit)
      // With a policy the commit without labels comes back, and goes with the next prune.
      judges[0]!.run(repo(), 'prune', '--refs-only', '--depth=0')
      expect(readdirSync(join(repo(), 'objects'), { recursive: true })).toHaveLength(before)
    })

    it('item 24: fetches only new layers of a child image', async () => {
      const child = world.child()
      const { fetched } = await world.importAgain(child, 'docker://registry.example/os/child:1')
      expect(fetched).toEqual([child.manifest.layers.at(-1)!.digest])
      for (const ref of [layerRef(fetched[0]!), refs(IMAGES).find((name) => name.includes('child'))!]) {
        judges[0]!.run(repo(), 'refs', '--delete', ref)
      }
      judges[0]!.run(repo(), 'prune', '--refs-only', '--depth=0')
    })

    it('item 25: is the only deployment', () => {
      for (const judge of judges) {
        const status = judge.admin(root, 'status')
        expect(status.match(/\bdefault [0-9a-f]{64}\.\d+/g)).toEqual([`default ${commit}.0`])
        expect(status).toContain('origin: <unknown origin type>')
      }
    })

    it('item 26: has the origin that bootc upgrade follows', () => {
      expect(lstatSync(`${deployment}.origin`).mode & 0o7777).toBe(0o644)
      expect(readFileSync(`${deployment}.origin`, 'utf8')).toBe(
        `[origin]\ncontainer-image-reference=ostree-unverified-registry:${REFERENCE}\n`,
      )
    })

    it('item 27: is immutable, the physical root is not', () => {
      expect(run('lsattr', '-d', deployment)).toMatch(/^\S*i\S* /)
      expect(run('lsattr', '-d', root)).not.toMatch(/^\S*i\S* /)
    })

    it('item 28: shares files with the repository', () => {
      const listed = ostree('ls', '-C', commit, '/usr/bin/ostree')
      const [sum] = /[0-9a-f]{64}/.exec(listed)!
      const object = join(repo(), 'objects', sum.slice(0, 2), `${sum.slice(2)}.file`)
      expect(lstatSync(join(deployment, 'usr/bin/ostree')).ino).toBe(lstatSync(object).ino)
    })

    it('item 29: has /etc as the image has it', () => {
      const list = (folder: string): string =>
        run('find', join(deployment, folder), '-printf', '%P %M %U:%G %s %l\\n')
          .split('\n')
          .map((line) => line.replace(/^(.*) (d\S+ \S+) \d+ /, '$1 $2 '))
          .filter((line) => !line.startsWith('fstab '))
          .toSorted()
          .join('\n')
      expect(list('etc')).toBe(list('usr/etc'))
      expect(run('diff', '-r', '--exclude=fstab', join(deployment, 'etc'), join(deployment, 'usr/etc'))).toBe('')
    })

    it('item 30: has an empty /sysroot, and composefs', () => {
      expect(readdirSync(join(deployment, 'sysroot'))).toEqual([])
      // Debian 13 builds libostree without composefs.
      expect(existsSync(join(deployment, '.ostree.cfs'))).toBe(kind.suite === 'forky')
    })

    it('item 31: has seeded /var', () => {
      expect(readFileSync(join(root, 'ostree/deploy/default/var/lib/seed'), 'utf8')).toBe('seed\n')
      expect(existsSync(join(root, 'ostree/deploy/default/var/.updated'))).toBe(false)
    })

    it('item 32: has no machine id', () => {
      expect(readFileSync(join(deployment, 'etc/machine-id'), 'utf8')).toBe('')
    })

    it('item 33: has private folders for a transient root', () => {
      const backing = join(root, `ostree/deploy/default/backing/${commit}.0/root-transient`)
      const mode = (path: string): number => lstatSync(path).mode & 0o7777
      expect([mode(backing), mode(join(backing, 'work'))]).toEqual([0o700, 0o700])
      // What will be seen as the root has its mode.
      expect(mode(join(backing, 'upper'))).toBe(mode(deployment))
    })

    it('items 34, 35, 36: has the links of the first boot', () => {
      expect(readlinkSync(join(root, 'boot/loader'))).toBe('loader.1')
      expect(readlinkSync(join(root, 'boot/boot'))).toBe('.')
      expect(readlinkSync(join(root, 'ostree/boot.1'))).toBe('boot.1.1')
      expect(realpathSync(join(root, `ostree/boot.1/default/${bootcsum()}/0`))).toBe(realpathSync(deployment))
    })

    it('items 37, 38: has one entry, and the kernel it names', () => {
      expect(readdirSync(join(root, 'boot/loader/entries'))).toEqual(['ostree-1.conf'])
      // Some releases of libostree write two more, for Android boot loaders, which are empty.
      const keys = [...entry().keys()].filter((key) => !/^aboot(cfg)?$/.test(key))
      expect(keys).toEqual(['title', 'version', 'options', 'linux', 'initrd'])
      expect(entry().get('title')).toBe('Small 1 (ostree:0)')
      const folder = `/boot/ostree/default-${bootcsum()}`
      expect(entry().get('linux')).toBe(`${folder}/vmlinuz-${KERNEL}`)
      expect(entry().get('initrd')).toBe(`${folder}/initramfs-${KERNEL}.img`)
      const same = (path: string, name: string) =>
        readFileSync(join(root, path)).equals(readFileSync(join(modules(), name)))
      expect(same(entry().get('linux')!, 'vmlinuz')).toBe(true)
      expect(same(entry().get('initrd')!, 'initramfs.img')).toBe(true)
    })

    it('items 39, 40, 41: starts with the kernel arguments of all sources, in order', () => {
      const boot = separateBoot ? [`boot=UUID=${world.bootUuid}`] : []
      expect(entry().get('options')!.split(' ')).toEqual([
        `root=UUID=${world.rootUuid}`,
        'rw',
        ...boot,
        'install=1',
        'own=1',
        'console=ttyS0',
        'dropped=2',
        `ostree=/ostree/boot.1/default/${bootcsum()}/0`,
      ])
      expect(run('blkid', '-c', '/dev/null', '-o', 'value', '-s', 'UUID', world.rootDevice).trim()).toBe(world.rootUuid)
      const fstab = join(deployment, 'etc/fstab')
      if (separateBoot) expect(readFileSync(fstab, 'utf8')).toBe(`UUID=${world.bootUuid} /boot auto ro 0 0\n`)
      else expect(existsSync(fstab)).toBe(false)
    })

    it('item 44: says where it came from', () => {
      const aleph = JSON.parse(readFileSync(join(root, '.bootc-aleph.json'), 'utf8')) as Record<string, unknown>
      expect(Object.keys(aleph)).toEqual('digest image kernel labels selinux target-image timestamp version'.split(' '))
      expect(aleph).toMatchObject({
        digest: image.manifestDigest,
        'target-image': REFERENCE,
        selinux: selinux ? 'host-disabled' : 'disabled',
      })
    })

    it('item 47: has the physical root labelled', ({ skip }) => {
      skip(!selinux, 'the image has no SELinux policy')
      const type = (path: string): string => world.labelOf(join(root, path))
      expect([type(''), type('boot'), type('ostree')]).toEqual([
        'system_u:object_r:root_t:s0',
        'system_u:object_r:boot_t:s0',
        'system_u:object_r:usr_t:s0',
      ])
      // libostree's own labels stay.
      expect(type('ostree/deploy/default/var')).toBe('system_u:object_r:var_t:s0')
    })

    // With a policy libostree runs programs of the deployment, in a sandbox that hosts need not have.
    it('items 42, 43: takes a second image beside it, and gives it up again', ({ skip }) => {
      skip(selinux, 'on images without a SELinux policy, which is quicker')
      const [trixie, forky] = judges as [OstreeCli, OstreeCli]
      const second = world.commitSecond(forky)
      writeFileSync(join(root, 'ostree/deploy/default/var/lib/seed'), 'changed\n')
      forky.admin(
        root,
        'deploy',
        '--os=default',
        '--karg-append=second=1',
        `--origin-file=${deployment}.origin`,
        second,
      )
      const entries = readdirSync(join(root, 'boot/loader/entries')).toSorted()
      expect(entries).toEqual(['ostree-1.conf', 'ostree-2.conf'])
      expect(readlinkSync(join(root, 'boot/loader'))).toBe('loader.0')
      expect(refs('ostree/0/')).toEqual(['ostree/0/1/0', 'ostree/0/1/1'])
      expect(readFileSync(join(root, 'boot/loader/entries/ostree-2.conf'), 'utf8')).toMatch(/^version 2$/m)
      // Item 31: what is there in /var stays.
      expect(readFileSync(join(root, 'ostree/deploy/default/var/lib/seed'), 'utf8')).toBe('changed\n')
      const order = (): string[] =>
        trixie
          .admin(root, 'status')
          .match(/\bdefault [0-9a-f]{64}/g)!
          .map((line) => line.slice(-64))
      expect(order()).toEqual([second, commit])
      forky.admin(root, 'set-default', '1')
      expect(order()).toEqual([commit, second])
      trixie.admin(root, 'undeploy', '1')
      expect(order()).toEqual([commit])
      forky.run(repo(), 'fsck', '--quiet')
    })

    it('item 48: leaves nothing else, and clean file systems', async () => {
      const allowed = ['.bootc-aleph.json', 'boot', 'lost+found', 'ostree']
      expect(readdirSync(root).filter((name) => !allowed.includes(name))).toEqual([])
      world.unmount()
      for (const device of [world.rootDevice, ...(world.bootDevice === undefined ? [] : [world.bootDevice])]) {
        await untilFree(device)
        expect(() => run('e2fsck', '-f', '-n', device)).not.toThrow()
      }
    }, 600_000)
  })
})

/** An image, the file systems it was deployed to, and what a peer makes of it. */
class World {
  readonly root: string
  readonly image: TestImage
  commit = ''
  rootDevice = ''
  bootDevice: string | undefined
  rootUuid = ''
  bootUuid = ''
  readonly #folder: string
  readonly #kind: Kind
  readonly #cli: OstreeCli
  readonly #base: EmbeddedCommit | undefined
  readonly #layers: readonly (readonly Entry[])[]

  private constructor(
    kind: Kind,
    cli: OstreeCli,
    folder: string,
    made: { base: EmbeddedCommit | undefined; layers: readonly (readonly Entry[])[] },
  ) {
    this.#kind = kind
    this.#cli = cli
    this.#folder = folder
    this.#base = made.base
    this.#layers = made.layers
    this.root = join(folder, 'target')
    this.image = this.#imageOf(made.layers)
  }

  static async make(kind: Kind, cli: OstreeCli): Promise<World> {
    const folder = memoryFolder('ostree-conformance-')
    const tree = [...(await bootableTree(kind.suite)), ...(kind.selinux ? POLICY : [])]
    const policy = kind.selinux ? { policy: writePolicy(join(folder, 'policy')) } : {}
    const inRepo = tree
      .filter(({ path }) => !/^etc\/(hostname|resolv\.conf)$/.test(path))
      .map((entry) => ({ ...entry, path: entry.path.replace(/^etc\//, 'usr/etc/') }))
    const base = kind.chunked ? embeddedCommit(cli, folder, inRepo, { chunks: 3, ...policy }) : undefined
    const layers = [...(base === undefined ? [tree] : []), ...(kind.derived ? [UPPER, []] : [])]
    const world = new World(kind, cli, folder, { base, layers })
    try {
      await world.#deploy()
      return world
    } catch (error) {
      world.end()
      throw error
    }
  }

  /** Layers of the embedded commit. */
  get baseLayers(): number {
    return this.#base?.layers.length ?? 0
  }

  /** The merge commit that the command line makes of the same image. */
  peer(): string {
    const { selinux, derived } = this.#kind
    const options = { base: this.#base, selinux: selinux && derived }
    return this.#cli.importEntries(this.#folder, this.#layers, this.image, options).merge
  }

  child(): TestImage {
    return this.#imageOf([...this.#layers, [{ path: 'usr/child', content: 'c' }]])
  }

  async importAgain(
    image: TestImage,
    targetImage = `docker://${REFERENCE}`,
  ): Promise<{ result: ImportResult; fetched: string[] }> {
    await using server = await serveBlobs(image.blobs)
    const { manifest, config, manifestDigest } = image
    const repo = Repo.init(join(this.root, 'ostree/repo'))
    const locate = ({ digest }: { digest: string }) => server.source(digest)
    const result = await importImage({ repo, manifest, config, manifestDigest, targetImage, locate, concurrency: 1 })
    await result.flushed
    return { result, fetched: server.requests.map(({ digest }) => digest) }
  }

  restoreRef(commit: string): void {
    const repo = Repo.open(join(this.root, 'ostree/repo'))
    const [ref] = this.#cli.run(repo.path, 'refs', '--list', 'ostree/container/image').split('\n')
    repo.setRef(ref!, commit)
  }

  /** Another commit with the same kernel, as an update would bring it. */
  commitSecond(cli: OstreeCli): string {
    const repo = join(this.root, 'ostree/repo')
    return cli.run(repo, 'commit', '--branch=second', '--no-bindings', '--parent=none', `--tree=ref=${this.commit}`)
  }

  labelOf(path: string): string {
    const options = ['-h', '--only-values', '--absolute-names', '-n', 'security.selinux']
    return run('getfattr', ...options, path).replace(/\0$/, '')
  }

  unmount(): void {
    for (const path of [join(this.root, 'boot'), this.root]) {
      try {
        run('umount', path)
      } catch {
        // Not mounted by itself, or not any more.
      }
    }
  }

  end(): void {
    this.unmount()
    for (const device of [this.bootDevice, this.rootDevice]) if (device) run('losetup', '--detach', device)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #imageOf(layers: readonly (readonly Entry[])[]): TestImage {
    return this.#base === undefined ? makeImage(layers) : chunkedImage(this.#base, layers)
  }

  async #deploy(): Promise<void> {
    this.rootDevice = await this.#fileSystem('root', 1024 * MIB, this.root)
    if (this.#kind.separateBoot) this.bootDevice = await this.#fileSystem('boot', 128 * MIB, join(this.root, 'boot'))
    this.rootUuid = uuidOf(this.rootDevice)
    this.bootUuid = this.bootDevice === undefined ? '' : uuidOf(this.bootDevice)
    const { result } = await this.importAgain(this.image)
    const tree = await ImageTree.forOstree(realHost, {
      target: this.root,
      commit: result.mergeCommit,
      stage: join(this.#folder, 'stage'),
    })
    try {
      const deployed = await deploy({
        target: this.#target(),
        tree,
        image: {
          repository: 'os/small',
          digest: this.image.manifestDigest,
          targetReference: REFERENCE,
          manifest: this.image.manifest,
          manifestBytes: Buffer.alloc(0),
          config: this.image.config,
          configBytes: Buffer.alloc(0),
          totalBytes: 0,
        },
        spec: MachineSpec.parse({ consoles: ['ttyS0'], kernelArguments: ['dropped=2', 'own=1'] }),
        imported: result,
        enforced: false,
        say: () => {},
        warn: () => {},
      })
      this.commit = deployed.mergeCommit
      await labelRoot(Repo.open(join(this.root, 'ostree/repo')), deployed.mergeCommit, this.root)
    } finally {
      await tree.remove()
    }
  }

  #target(): Target {
    const example = plan()
    const filesystems = [
      { ...filesystemAt(example, '/'), uuid: this.rootUuid },
      ...(this.bootDevice === undefined ? [] : [{ ...filesystemAt(example, '/boot'), uuid: this.bootUuid }]),
    ]
    return {
      plan: { ...example, filesystems },
      devices: new Map(),
      mountPoint: this.root,
      volumes: join(this.#folder, 'volumes'),
    }
  }

  async #fileSystem(name: string, size: number, mountPoint: string): Promise<string> {
    const file = join(this.#folder, `${name}.img`)
    await writeFile(file, '')
    await truncate(file, size)
    run('mkfs.ext4', '-q', file)
    const device = run('losetup', '--find', '--show', file).trim()
    mkdirSync(mountPoint, { recursive: true })
    run('mount', device, mountPoint)
    return device
  }
}

function uuidOf(device: string): string {
  return run('blkid', '-c', '/dev/null', '-o', 'value', '-s', 'UUID', device).trim()
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = ['losetup', 'mkfs.ext4', 'e2fsck', 'getfattr', 'lsattr', 'unshare'].find(
    (program) => !['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((path) => existsSync(join(path, program))),
  )
  return missing === undefined ? undefined : `needs ${missing}`
}
