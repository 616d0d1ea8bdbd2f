// The agent installs the demo image onto a real block device (a loop device here); the result is held against
// ostree-container-deploy section 8 with the image's own ostree.
import { execFile, execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unescapeRef } from '../../boot-assets/agent/ostree/ref-escape.ts'
import type { InstallOutcome } from '../../boot-assets/agent/stages/install.ts'
import type { InstallStepName } from '../../server/contract/install.ts'
import { FakeLandfall } from '../agent/fake-landfall.ts'
import { buildDemoImages } from '../images/demo-image.ts'
import { DISK_SIZE, TARGET } from './install-onto.ts'
import type { InstallWish } from './install-onto.ts'
import { untilFree } from './until-free.ts'

/** The agent that is killed is so in each of these, at some moment within the seconds after it began. */
const KILLED_IN: readonly InstallStepName[] = [
  'partition',
  'fetch',
  'fetch',
  'fetch',
  'deploy',
  'deploy',
  'configure',
  'bootloader',
  'bootloader',
  'finalize',
]
const SEED = 2026
const LATEST_MS = 3000

let folder: string
let loop: string
let fake: FakeLandfall
let digest: string
let outcome: InstallOutcome
let demoTree: string
/** Its mount namespace is that of the agents, which is a machine's: what a killed one had mounted stays so, and nobody beside this test copies it. */
let mounts: ChildProcess | undefined

const blocked = reasonToSkip()

const skipped = blocked === undefined ? '' : ` (skipped: ${blocked})`

describe.skipIf(blocked !== undefined).each([
  ['agent-deploy', 0],
  [`agent-deploy, after the agent was killed ${KILLED_IN.length} times`, KILLED_IN.length],
])(`%s${skipped}`, (_, kills) => {
  beforeAll(async () => {
    const images = await buildDemoImages({ log: () => {} })
    digest = images.v1.digest
    folder = await mkdtemp(join(tmpdir(), 'agent-deploy-'))
    await writeFile(join(folder, 'disk.img'), '')
    await truncate(join(folder, 'disk.img'), DISK_SIZE)
    loop = run('losetup', '--find', '--show', '--partscan', join(folder, 'disk.img')).trim()
    fake = await FakeLandfall.start()
    const blobs = join(images.layout, 'blobs/sha256')
    fake.blob = (name) => readBlob(join(blobs, name.slice('sha256:'.length)))
    const wish = { device: loop, folder, url: fake.url, ca: fake.ca, digest }
    mounts = await mountNamespace()
    if (kills > 0) await killInstalls(wish)
    const [program = '', ...argv] = agentCommand(wish)
    const { stdout } = await promisify(execFile)(program, argv, { maxBuffer: 2 ** 26 })
    outcome = JSON.parse(stdout.trim().split('\n').at(-1)!) as InstallOutcome
    mounts.kill()
    // Mounted again where the checks look, by what the installation wrote and not by what it remembered.
    await mkdir(join(folder, 'target'))
    await untilFree(`${loop}p4`)
    run('mount', `${loop}p4`, join(folder, 'target'))
    await untilFree(`${loop}p3`)
    run('mount', `${loop}p3`, join(folder, 'target/boot'))
    demoTree = join(folder, 'target', 'ostree/deploy/default/deploy', `${mergeCommit()}.0`)
  }, 1_800_000)

  afterAll(async () => {
    mounts?.kill()
    for (const path of ['target/boot', 'target']) {
      if (folder && existsSync(join(folder, path))) tryRun('umount', join(folder, path))
    }
    if (loop) tryRun('losetup', '--detach', loop)
    if (fake) await fake[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('installs, and says so in order', () => {
    expect(outcome).toEqual({ state: 'installed', finish: 'reboot' })
    const done = fake.eventList.flatMap((event) => (event.type === 'step-done' ? [event.step] : []))
    expect(done).toEqual(['identify', 'plan', 'partition', 'fetch', 'deploy', 'configure', 'bootloader', 'finalize'])
    expect(fake.eventList.at(-1)).toMatchObject({ type: 'installed', mergeCommit: mergeCommit() })
  })

  it('makes the repository of items 1 to 7', () => {
    expect(ostree('config', 'get', 'core.mode')).toBe('bare')
    expect(ostree('config', 'get', 'core.repo_version')).toBe('1')
    expect(ostree('config', 'get', 'sysroot.bootloader')).toBe('none')
    expect(ostree('config', 'get', 'sysroot.bootprefix')).toBe('true')
    expect(ostree('config', 'get', 'sysroot.readonly')).toBe('true')
    expect(() => ostree('fsck', '--quiet')).not.toThrow()
    expect(run('ls', join(folder, 'target/ostree/repo/tmp'))).toBe('cache\n')
    expect(run('ls', join(folder, 'target/ostree/repo/state'))).toBe('')
    const refs = ostree('refs').split('\n').sort()
    const layers = refs.filter((ref) => ref.startsWith('ostree/container/blob/'))
    const images = refs.filter((ref) => ref.startsWith('ostree/container/image/'))
    expect(new Set(layers.map((ref) => unescapeRef(ref.slice('ostree/container/blob/'.length))))).toEqual(
      layerDigests(),
    )
    expect(images.map((ref) => unescapeRef(ref.slice('ostree/container/image/'.length)))).toEqual([
      `docker://${TARGET}`,
    ])
    expect(refs).toHaveLength(layers.length + 2)
    expect(refs).toContain('ostree/1/1/0')
  }, 300_000)

  it('makes the merge commit of items 12 to 16', () => {
    expect(ostree('rev-parse', 'ostree/1/1/0')).toBe(mergeCommit())
    expect(metadata('ostree.manifest-digest')).toBe(`'${digest}'`)
    expect(metadata('ostree.importer.version')).toMatch(/^'.+'$/)
    const manifest = JSON.parse(unquote(metadata('ostree.manifest')))
    expect(new Set(manifest.layers.map((layer: { digest: string }) => layer.digest))).toEqual(layerDigests())
    const config = JSON.parse(unquote(metadata('ostree.container.image-config')))
    expect(config).toMatchObject({ architecture: 'amd64' })
    expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length)
  })

  it('makes the deployment of items 25 to 28', async () => {
    const status = run('ostree', 'admin', 'status', `--sysroot=${join(folder, 'target')}`)
    expect(status.match(/^[* ] default [0-9a-f]{64}\.\d+/gm)).toEqual([`  default ${mergeCommit()}.0`])
    expect(status).toContain('origin: <unknown origin type>')
    const origin = `${demoTree}.origin`
    expect(await readFile(origin, 'utf8')).toBe(
      `[origin]\ncontainer-image-reference=ostree-unverified-registry:${TARGET}\n`,
    )
    expect((await stat(origin)).mode & 0o777).toBe(0o644)
    expect(run('lsattr', '-d', demoTree)).toMatch(/^\S*i\S* /)
    expect(run('lsattr', '-d', join(folder, 'target'))).not.toMatch(/^\S*i\S* /)
    const file = await stat(join(demoTree, 'usr/bin/ostree'))
    expect(file.nlink).toBeGreaterThan(1)
    expect(run('find', join(folder, 'target/ostree/repo/objects'), '-inum', String(file.ino)).trim()).toMatch(/\.file$/)
    // Debian's ostree is built with composefs, and the image wants it.
    expect(existsSync(join(demoTree, '.ostree.cfs'))).toBe(true)
  })

  it('makes the boot entry of items 34 to 40', async () => {
    const boot = join(folder, 'target/boot')
    expect(await readlink(join(boot, 'loader'))).toBe('loader.1')
    expect(await readlink(join(boot, 'boot'))).toBe('.')
    expect(await readlink(join(folder, 'target/ostree/boot.1'))).toBe('boot.1.1')
    expect(await readdir(join(boot, 'loader/entries'))).toEqual(['ostree-1.conf'])
    const entry = await readFile(join(boot, 'loader/entries/ostree-1.conf'), 'utf8')
    const lines = entry.trim().split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['title', 'version', 'options', 'linux', 'initrd'])
    expect(lines[0]).toMatch(/ \(ostree:0\)$/)
    const [kernel] = await readdir(join(demoTree, 'usr/lib/modules'))
    const modules = join(demoTree, 'usr/lib/modules', kernel!)
    const vmlinuz = await readFile(join(modules, 'vmlinuz'))
    const initramfs = await readFile(join(modules, 'initramfs.img'))
    const bootcsum = createHash('sha256').update(vmlinuz).update(initramfs).digest('hex')
    expect(lines[3]).toBe(`linux /boot/ostree/default-${bootcsum}/vmlinuz-${kernel}`)
    expect(lines[4]).toBe(`initrd /boot/ostree/default-${bootcsum}/initramfs-${kernel}.img`)
    expect(vmlinuz.equals(await readFile(join(boot, lines[3]!.split(' ')[1]!)))).toBe(true)
    expect(initramfs.equals(await readFile(join(boot, lines[4]!.split(' ')[1]!)))).toBe(true)
    expect(lines[2]).toBe(
      `options root=UUID=${uuidOf(4)} rw boot=UUID=${uuidOf(3)} landfall.demo=1 console=tty0 console=ttyS0,115200 ` +
        `quiet ostree=/ostree/boot.1/default/${bootcsum}/0`,
    )
    expect(run('readlink', '-f', join(folder, `target/ostree/boot.1/default/${bootcsum}/0`)).trim()).toBe(demoTree)
    expect(await readFile(join(demoTree, 'etc/fstab'), 'utf8')).toBe(`UUID=${uuidOf(3)} /boot auto ro 0 0\n`)
  })

  it('leaves nothing of the installation behind', async () => {
    expect((await readdir(join(folder, 'target'))).sort()).toEqual(['.bootc-aleph.json', 'boot', 'ostree'])
    const aleph = JSON.parse(await readFile(join(folder, 'target/.bootc-aleph.json'), 'utf8'))
    expect(aleph).toMatchObject({ digest, 'target-image': TARGET, selinux: 'disabled' })
    expect(['', 'uninitialized\n']).toContain(await readFile(join(demoTree, 'etc/machine-id'), 'utf8'))
  })

  it('configures host name, keys and the first-boot report', async () => {
    const read = (path: string) => readFile(join(demoTree, 'etc', path), 'utf8')
    expect(await read('hostname')).toBe('web1\n')
    expect(await read('tmpfiles.d/bootc-root-ssh.conf')).toMatch(
      /^f~ \/var\/roothome\/.ssh\/authorized_keys 600 root root - \S+\n$/,
    )
    expect(await read('sysusers.d/landfall-users.conf')).toBe('u ops 1000 "ops" /var/home/ops /bin/bash\nm ops adm\n')
    expect(await readlink(join(demoTree, 'etc/localtime'))).toBe('../usr/share/zoneinfo/Europe/Rome')
    expect(await readlink(join(demoTree, 'etc/systemd/system/fstrim.timer'))).toBe('/dev/null')
    expect(await read('landfall/confirm.env')).toContain("LANDFALL_TOKEN='confirm-secret'")
    expect((await stat(join(demoTree, 'etc/landfall/confirm.env'))).mode & 0o777).toBe(0o600)
    expect(await readlink(join(demoTree, 'etc/systemd/system/multi-user.target.wants/landfall-confirm.service'))).toBe(
      '/etc/systemd/system/landfall-confirm.service',
    )
  })

  it('item 46: installs both boot loaders', async () => {
    const mbr = Buffer.alloc(512)
    const disk = await open(loop)
    await disk.read(mbr, 0, 512, 0)
    await disk.close()
    expect(mbr.includes('GRUB')).toBe(true)
    expect(await readFile(join(folder, 'target/boot/grub/grub.cfg'), 'utf8')).toContain('blscfg')
    expect(existsSync(join(folder, 'target/boot/grub/x86_64-efi/blsuki.mod'))).toBe(true)
    // The ESP was a plain folder below /boot here: this kernel may have no vfat.
    expect(existsSync(join(folder, 'esp/EFI/BOOT/BOOTX64.EFI'))).toBe(true)
    expect(await readFile(join(folder, 'esp/EFI/debian/grub.cfg'), 'utf8')).toContain(uuidOf(3))
    // Of item 45 what needs no bootupd.
    expect((await stat(join(folder, 'target/boot/grub/grub.cfg'))).mode & 0o777).toBe(0o600)
  })

  it('leaves clean file systems', async () => {
    run('umount', join(folder, 'target/boot'))
    run('umount', join(folder, 'target'))
    await untilFree(`${loop}p3`)
    expect(problems('e2fsck', '-f', '-n', `${loop}p3`)).toBe('')
    await untilFree(`${loop}p4`)
    expect(problems('xfs_repair', '-n', `${loop}p4`)).toBe('')
  }, 600_000)
})

async function mountNamespace(): Promise<ChildProcess> {
  const own = await readlink('/proc/self/ns/mnt')
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sleep', 'infinity'], { stdio: 'ignore' })
  while ((await readlink(`/proc/${holder.pid}/ns/mnt`)) === own) await sleep(10)
  return holder
}

function agentCommand(wish: InstallWish): string[] {
  const program = [process.execPath, join(import.meta.dirname, 'install-onto.ts'), JSON.stringify(wish)]
  return ['nsenter', '--mount', '--target', String(mounts!.pid), '--', ...program]
}

/** Starts installs and ends each at its moment with SIGKILL, as often as there are moments; the order and the times come from a seed. */
async function killInstalls(wish: InstallWish): Promise<void> {
  const random = seeded(SEED)
  const steps = KILLED_IN.map((step) => ({ step, order: random() })).toSorted((a, b) => a.order - b.order)
  let resumed = 0
  for (const { step } of steps) {
    fake.events.clear()
    const [program = '', ...argv] = agentCommand(wish)
    const agent = spawn(program, argv)
    const ended = new Promise<void>((done) => agent.once('exit', () => done()))
    const state = { over: false }
    void ended.then(() => (state.over = true))
    while (!state.over && !fake.eventList.some((event) => event.type === 'step-started' && event.step === step)) {
      await sleep(50)
    }
    await sleep(random() * LATEST_MS)
    agent.kill('SIGKILL')
    await ended
    if (JSON.stringify(fake.eventList).includes('the layers it had brought are kept')) resumed++
    // As the installer's init waits before it starts the agent again.
    await sleep(1000)
  }
  fake.events.clear()
  expect(resumed).toBeGreaterThan(0)
}

/** Numbers from 0 to 1, always the same (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = ['losetup', 'sfdisk', 'mkfs.xfs', 'mkfs.ext4', 'mkfs.vfat', 'ostree', 'unshare'].find(
    (program) => !['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((path) => existsSync(join(path, program))),
  )
  return missing === undefined ? undefined : `needs ${missing}`
}

function readBlob(path: string): Buffer | undefined {
  return existsSync(path) ? execFileSync('cat', [path], { maxBuffer: 2 ** 31 }) : undefined
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
}

function tryRun(command: string, ...args: string[]): void {
  try {
    run(command, ...args)
  } catch {
    // Clean-up goes on.
  }
}

/** What a checking program found; empty when it was content. */
function problems(command: string, ...args: string[]): string {
  try {
    run(command, ...args)
    return ''
  } catch (error) {
    const { stdout, message } = error as Error & { stdout?: string }
    return stdout || message
  }
}

function ostree(command: string, ...args: string[]): string {
  return run('ostree', command, `--repo=${join(folder, 'target/ostree/repo')}`, ...args).trim()
}

function metadata(key: string): string {
  return ostree('show', `--print-metadata-key=${key}`, mergeCommit())
}

/** GVariant text of a string: in either quotes, with backslashes. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(['"\\])/g, '$1')
}

function mergeCommit(): string {
  const ref = ostree('refs', '--list', 'ostree/container/image').split('\n')[0]!
  return ostree('rev-parse', ref)
}

function layerDigests(): Set<string> {
  const manifest = JSON.parse(fake.blob(digest)!.toString('utf8'))
  return new Set(manifest.layers.map((layer: { digest: string }) => layer.digest))
}

function uuidOf(partition: number): string {
  return run('blkid', '-c', '/dev/null', '-o', 'value', '-s', 'UUID', `${loop}p${partition}`).trim()
}
