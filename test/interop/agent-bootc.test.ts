// The engine "bootc" with an image whose bootc is a script: it writes down how it was called and what it saw, makes what a deployment of
// composefs looks like, and says so. The sandbox around it is the real one.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { giveBackScratch, mountScratch, unmountScratch } from '../../boot-assets/agent/bootc/scratch.ts'
import type { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { unmountAll } from '../../boot-assets/agent/disk/mounts.ts'
import { isTableOf } from '../../boot-assets/agent/disk/table.ts'
import { AgentError } from '../../boot-assets/agent/errors.ts'
import { installByBootc } from '../../boot-assets/agent/stages/bootc-install.ts'
import { release } from '../../boot-assets/agent/stages/finalize.ts'
import { makeStorage } from '../../boot-assets/agent/stages/partition.ts'
import type { ResolvedImage } from '../../boot-assets/agent/stages/resolve.ts'
import type { RunOptions } from '../../boot-assets/agent/sys/command.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import { runInTree } from '../../boot-assets/agent/sys/sandbox.ts'
import type { SandboxView } from '../../boot-assets/agent/sys/sandbox.ts'
import { debianRoot } from '../../boot-assets/debian/root.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { withScratch } from '../../server/plan/scratch.ts'
import { plan } from '../agent/examples.ts'
import { withoutVfat } from './install-onto.ts'
import { untilFree } from './until-free.ts'

/** A root that is made for other tests too: what matters here is that it is one. */
const PACKAGES = ['systemd', 'passwd', 'chrony', 'firewalld', 'tzdata']
const DIGEST = `sha256:${'a'.repeat(64)}`
const ID = 'b'.repeat(128)

const BOOTC = `#!/bin/sh
set -e
if [ "$*" = 'install to-filesystem --help' ]; then
  echo 'Usage: bootc install to-filesystem [OPTIONS] <ROOT_PATH>'
  for flag in source-imgref target-imgref karg skip-finalize composefs-backend; do echo "      --$flag"; done
  exit
fi
for root; do :; done
echo "bootc of the test: called, as root of an image with $(ls /boot/EFI/Linux)"
grep -q " $root/boot " /proc/self/mounts
printf '%s\\n' "$@" > "$root/called"
cat /etc/containers/certs.d/192.0.2.1:8443/ca.crt /etc/containers/policy.json /etc/ostree/auth.json > "$root/told"
ls -A /sysroot > "$root/sysroot"
case " $* " in *' --karg fail '*) echo 'error: Installing to filesystem: no such luck' >&2; exit 1 ;; esac
case " $* " in *' --karg other '*) digest=sha256:0 ;; *) digest=${DIGEST} ;; esac
mkdir -p "$root/state/deploy/${ID}/etc" "$root/state/os/default/var"
ln -s ../../os/default/var "$root/state/deploy/${ID}/var"
printf '[image]\\nmanifest_digest = %s\\n' "$digest" > "$root/state/deploy/${ID}/${ID}.origin"
echo 'Installing bootloader via bootupd'
echo 'Installation complete!'
`

const blocked = process.getuid?.() === 0 ? undefined : 'needs root'

describe.skipIf(blocked !== undefined)(`agent-bootc${blocked === undefined ? '' : ` (skipped: ${blocked})`}`, () => {
  let folder: string
  let image: string
  beforeAll(async () => {
    const hooks = ['mkdir "$1/sysroot"']
    const root = await debianRoot({ suite: 'forky', variant: 'essential', packages: PACKAGES, hooks })
    folder = await mkdtemp(join(tmpdir(), 'agent-bootc-'))
    image = join(folder, 'image')
    execFileSync('cp', ['-a', root, image])
    execFileSync('cp', ['-a', join(image, 'etc'), join(image, 'usr/etc')])
    await writeFile(join(image, 'usr/bin/bootc'), BOOTC)
    await chmod(join(image, 'usr/bin/bootc'), 0o755)
    await mkdir(join(image, 'boot/EFI/Linux'), { recursive: true })
    await writeFile(join(image, 'boot/EFI/Linux/demo.efi'), '')
  }, 600_000)
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

  /** A target with boot below, as two file systems in memory. */
  async function install(kernelArguments: string[]) {
    const target = await mkdtemp(join(folder, 'target-'))
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', target])
    await mkdir(join(target, 'boot'))
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(target, 'boot')])
    const scratch = await mkdtemp(join(folder, 'scratch-'))
    const said: string[] = []
    let linesBefore = 0
    try {
      const made = await installByBootc({
        host: realHost,
        mountPoint: target,
        tree: treeOf(target, scratch),
        scratch,
        image: { repository: 'os/web', digest: DIGEST, targetReference: 'r.example/os/web:1' } as ResolvedImage,
        spec: MachineSpec.parse({ consoles: ['ttyS0'], kernelArguments }),
        server: { url: 'https://192.0.2.1:8443', ca: 'THE CA\n' },
        pullToken: 'lfp_secret',
        signal: new AbortController().signal,
        say: (text) => said.push(text),
        onBootloader: () => (linesBefore = said.length),
      })
      const read = (path: string) => readFile(join(target, path), 'utf8')
      return {
        made,
        said,
        linesBefore,
        path: relative(target, made.path),
        called: (await read('called')).trim().split('\n'),
        told: await read('told'),
        sysroot: await read('sysroot'),
      }
    } finally {
      execFileSync('umount', ['-R', target])
    }
  }

  function treeOf(target: string, scratch: string): ImageTree {
    const has = (name: string) => existsSync(join(image, name))
    const tree = {
      path: image,
      etc: join(image, 'usr/etc'),
      has,
      hasProgram: (name: string) => has(`usr/bin/${name}`),
      inSandbox: (file: string) => join('/sysroot', relative(target, file)),
      list: async (name: string) => (await readdir(join(image, name)).catch(() => [])).sort(),
      run: (command: string, args: readonly string[], options: RunOptions & SandboxView = {}) =>
        runInTree(
          realHost,
          { tree: image, target, etc: tree.etc, stage: join(scratch, 'stage'), ...viewOf(options) },
          command,
          args,
          options,
        ),
    }
    return tree as unknown as ImageTree
  }

  it('calls bootc in a root of the image, with nothing there but the target', async () => {
    const { made, path, called, told, sysroot, said, linesBefore } = await install(['quiet'])
    expect(called.join(' ')).toBe(
      `install to-filesystem --source-imgref docker://192.0.2.1:8443/os/web@${DIGEST} --target-imgref r.example/os/web:1 ` +
        '--skip-finalize --composefs-backend --karg console=ttyS0 --karg quiet /run/landfall-target',
    )
    const auth = Buffer.from('landfall:lfp_secret').toString('base64')
    const login = `{"auths":{"192.0.2.1:8443":{"auth":"${auth}"}}}\n`
    expect(told).toBe(`THE CA\n{"default":[{"type":"insecureAcceptAnything"}]}\n${login}`)
    expect(sysroot).toBe('')
    expect(said).toContain('bootc of the test: called, as root of an image with demo.efi')
    expect(said[linesBefore - 1]).toBe('Installing bootloader via bootupd')
    expect(made.id).toBe(ID)
    expect(path).toBe(`state/deploy/${ID}`)
    expect(existsSync(join(image, 'usr/etc/containers'))).toBe(false)
  })

  it('unpacks beside the system where memory is short, and gives the disk back in the end', async () => {
    const file = join(folder, 'disk')
    const size = 6 * 2 ** 30
    await writeFile(file, '')
    await truncate(file, size)
    const device = (await realHost.run('losetup', ['--find', '--show', file])).stdout.trim()
    const name = device.replace('/dev/', '')
    const lasting = plan({ name, size, device })
    const made = withScratch(lasting, 2 ** 30, 'seed')
    const places = { mountPoint: join(folder, 'mnt'), volumes: join(folder, 'volumes') }
    const signal = new AbortController().signal
    const scratch = join(folder, 'scratch')
    const host = withoutVfat(realHost, join(places.mountPoint, 'boot/efi'), join(folder, 'esp'))
    try {
      if ('code' in made) throw new Error(made.message)
      const secrets = { keys: undefined, opening: new Map<string, string>() }
      const quiet = { secrets, say: () => {}, onErasing: async () => {}, onErased: () => {}, signal }
      const target = await makeStorage({ host, plan: made, ...places, ...quiet })
      await mountScratch(host, target, scratch)
      await writeFile(join(scratch, 'unpacked'), Buffer.alloc(2 ** 20))
      await writeFile(join(places.mountPoint, 'installed'), 'system')
      const rootBefore = (await statfs(places.mountPoint)).blocks
      await unmountScratch(host, scratch)
      await giveBackScratch(host, target, lasting)
      expect(isTableOf((await host.run('sfdisk', ['--json', device])).stdout, lasting.disks[0]!)).toBe(true)
      expect((await statfs(places.mountPoint)).blocks).toBeGreaterThan(rootBefore * 1.2)
      await release(host, { plan: lasting, ...places })
      await untilFree(`${device}p4`)
      await host.run('xfs_repair', ['-n', `${device}p4`])
    } finally {
      for (const path of [scratch, places.mountPoint]) await unmountAll(host, path)
      await realHost.run('losetup', ['--detach', device])
    }
  }, 300_000)

  it("fails in bootc's own words, and when it deployed something else", async () => {
    await expect(install(['fail'])).rejects.toThrow(/no such luck/)
    const other = install(['other'])
    await expect(other).rejects.toThrowWithCode(AgentError, 'DIGEST_MISMATCH')
  })
})

function viewOf({ state, targetAt }: SandboxView): SandboxView {
  return { ...(state !== undefined && { state }), ...(targetAt !== undefined && { targetAt }) }
}
