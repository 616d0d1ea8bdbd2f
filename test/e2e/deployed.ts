// What must hold in a running machine that Landfall deployed: the checks of ostree-container-deploy section 8, made with the machine's
// own tools, and the demo image's own expectations.

import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { unescapeRef } from '../../boot-assets/agent/ostree/ref-escape.ts'
import type { DemoImages } from '../images/demo-image.ts'
import { expectationScript } from '../images/expectation-script.ts'
import { expectations } from '../images/expectations.ts'
import { blobPath } from '../images/layout.ts'
import type { Ssh } from './lab/ssh.ts'

export interface DeployedOptions {
  demo: DemoImages
  /** Tag of the demo image. */
  version: '1' | '2' | 'disks'
  /** `host:port` that the machine was told to upgrade from. */
  registry: string
  hostname: string
  filesystem?: 'xfs' | 'ext4' | 'btrfs'
}

const BLOB_REFS = 'ostree/container/blob/'
const IMAGE_REFS = 'ostree/container/image/'

/** Checks items 1-7, 12-16, 25-28 and 34-38, the image's files, and that the first-boot report cleaned up after itself. */
export async function expectDeployed(ssh: Ssh, options: DeployedOptions): Promise<void> {
  const { demo, version, registry, hostname, filesystem = 'xfs' } = options
  const image = { 1: demo.v1, 2: demo.v2, disks: demo.disks }[version]
  const target = `${registry}/landfall/demo:${version}`
  const out = async (command: string) => (await ssh.run(command, { timeout: 300_000 })).stdout.trim()
  const lines = async (command: string) => (await out(command)).split('\n')

  expect(await out('cat /proc/sys/kernel/hostname')).toBe(hostname)
  expect(await out('findmnt -no FSTYPE /sysroot')).toBe(filesystem)

  // 25-28: the deployment that runs is the only one.
  const [commit] = /[0-9a-f]{64}/.exec(await out('ostree admin status')) ?? []
  expect(commit).toBeDefined()
  const status = await out('ostree admin status')
  expect(status.match(/^[* ] default [0-9a-f]{64}\.\d+.*$/gm)).toEqual([`* default ${commit}.0`])
  expect(status).toContain('origin: <unknown origin type>')
  const deployment = `/ostree/deploy/default/deploy/${commit}.0`
  expect(await out(`stat -c %a ${deployment}.origin; cat ${deployment}.origin`)).toBe(
    `644\n[origin]\ncontainer-image-reference=ostree-unverified-registry:${target}`,
  )
  expect(await out(`lsattr -d /sysroot${deployment}`)).toMatch(/^\S*i\S* /)
  expect(await out('lsattr -d /sysroot')).not.toMatch(/^\S*i\S* /)
  const inode = await out(`stat -c %i /sysroot${deployment}/usr/bin/ostree`)
  expect(await out(`find /sysroot/ostree/repo/objects -inum ${inode} -name '*.file'`)).not.toBe('')

  await expectReadOnly(ssh)

  // 1-7: the repository.
  const settings = ['core.mode', 'core.repo_version', 'sysroot.bootloader', 'sysroot.bootprefix', 'sysroot.readonly']
  const configured = settings.map((key) => `ostree config --repo=/sysroot/ostree/repo get ${key}`).join('; ')
  expect(await lines(configured)).toEqual(['bare', '1', 'none', 'true', 'true'])
  await ssh.run('ostree config --repo=/sysroot/ostree/repo get core.fsync && exit 1 || true')
  await ssh.run('ostree fsck --quiet', { timeout: 600_000 })
  expect(await out('ls /sysroot/ostree/repo/state; ls -A /sysroot/ostree/repo/tmp | grep -v "^cache$" || true')).toBe(
    '',
  )
  const manifest = JSON.parse(await readFile(blobPath(demo.layout, image.digest), 'utf8')) as {
    layers: { digest: string }[]
    config: { digest: string }
  }
  const layers = new Set(manifest.layers.map(({ digest }) => digest))
  const refs = await lines('ostree refs')
  const named = (prefix: string) =>
    refs.filter((ref) => ref.startsWith(prefix)).map((ref) => unescapeRef(ref.slice(prefix.length)))
  expect(new Set(named(BLOB_REFS))).toEqual(layers)
  expect(named(IMAGE_REFS)).toEqual([`docker://${target}`])
  expect(refs).toHaveLength(layers.size + 2)

  // 12-16: the merge commit.
  const imageRef = refs.find((ref) => ref.startsWith(IMAGE_REFS))!
  expect(await lines(`ostree rev-parse '${imageRef}' ostree/1/1/0`)).toEqual([commit, commit])
  const metadata = async (key: string) => unquote(await out(`ostree show --print-metadata-key=${key} ${commit}`))
  expect(await metadata('ostree.manifest-digest')).toBe(image.digest)
  expect(JSON.parse(await metadata('ostree.manifest'))).toMatchObject({
    layers: manifest.layers.map(({ digest }) => ({ digest })),
  })
  const config = JSON.parse(await metadata('ostree.container.image-config'))
  expect(config.architecture).toBe('amd64')
  expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length)
  expect(await metadata('ostree.importer.version')).not.toBe('')

  // 34-38: the boot entry.
  expect(await lines('readlink /boot/loader /boot/boot /sysroot/ostree/boot.1')).toEqual(['loader.1', '.', 'boot.1.1'])
  expect(await out('ls /boot/loader/entries')).toBe('ostree-1.conf')
  const entry = (await out('cat /boot/loader/entries/ostree-1.conf')).split('\n')
  expect(entry.map((line) => line.split(' ')[0])).toEqual(['title', 'version', 'options', 'linux', 'initrd'])
  expect(entry[0]).toMatch(/ \(ostree:0\)$/)
  const [, folder] = /^linux (\/boot\/ostree\/default-[0-9a-f]{64})\//.exec(entry[3]!) ?? []
  const kernel = await out('uname -r')
  expect(entry.slice(3)).toEqual([`linux ${folder}/vmlinuz-${kernel}`, `initrd ${folder}/initramfs-${kernel}.img`])
  const modules = `/usr/lib/modules/${kernel}`
  await ssh.run(
    `cmp ${folder}/vmlinuz-${kernel} ${modules}/vmlinuz && cmp ${folder}/initramfs-${kernel}.img ${modules}/initramfs.img`,
  )
  const sum = (await out(`cat ${modules}/vmlinuz ${modules}/initramfs.img | sha256sum`)).slice(0, 64)
  expect(folder).toBe(`/boot/ostree/default-${sum}`)
  expect(await out(`readlink -f /sysroot/ostree/boot.1/default/${sum}/0`)).toBe(`/sysroot${deployment}`)
  expect(await out('cat /proc/cmdline')).toContain(`ostree=/ostree/boot.1/default/${sum}/0`)

  // The image itself, byte for byte where it is tricky. In composefs each name of a file has an inode of its own, so
  // hard links are looked for in the deployment's folder.
  const held = async (kinds: (kind: string) => boolean, root: string) => {
    const script = expectationScript(
      expectations(version === 'disks' ? '1' : version).filter(({ kind }) => kinds(kind)),
      { root },
    )
    return (await ssh.run('sh -s 2>&1 || true', { input: script, timeout: 300_000 })).stdout.trim()
  }
  expect(await held((kind) => kind !== 'hardlinks', '/')).toMatch(/^HELD (\d+) OF \1$/)
  expect(await held((kind) => kind === 'hardlinks', `/sysroot${deployment}`)).toMatch(/^HELD ([1-9]\d*) OF \1$/)

  // The report of the first boot has removed itself, and its token.
  expect(await out('ls -A /etc/landfall 2>/dev/null; ls /etc/systemd/system/*landfall* 2>/dev/null; true')).toBe('')
  expect(await out('systemctl is-system-running --wait || systemctl --failed --no-legend')).toBe('running')
}

/** Of item 49 what needs no bootc: only ostree and bootc write to `/boot` and `/sysroot`, by mounts of their own. */
export async function expectReadOnly(ssh: Ssh): Promise<void> {
  const { stdout } = await ssh.run('for path in /boot /sysroot; do findmnt -no OPTIONS $path; done')
  expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(/^ro\b/), expect.stringMatching(/^ro\b/)])
}

/** GVariant text of a string: in either quotes, with backslashes. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(['"\\])/g, '$1')
}
