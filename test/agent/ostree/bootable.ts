// A small tree that an install can deploy: Debian's ostree with the libraries it needs, and a kernel that is none.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { debianRoot } from '../../../boot-assets/debian/root.ts'
import type { Suite } from '../../../boot-assets/debian/root.ts'
import type { Entry } from '../stream/tar-writer.ts'

export const KERNEL = '6.1.0-test'

const folder = (path: string, mode = 0o755): Entry => ({ path: `${path}/`, type: 'directory', mode })
const link = (path: string, target: string): Entry => ({ path, type: 'symlink', target, mode: 0o777 })
const text = (path: string, content: string, mode = 0o644): Entry => ({ path, content, mode })

/** Entries of the tree with /etc under that name, its ostree from a Debian release. */
export async function bootableTree(suite: Suite): Promise<Entry[]> {
  return [
    ...['usr', 'usr/bin', 'usr/lib', 'usr/lib64', 'etc', 'sysroot', 'boot'].map((path) => folder(path)),
    ...['proc', 'sys', 'dev', 'run', 'var', 'var/lib'].map((path) => folder(path)),
    folder('tmp', 0o1777),
    ...['bin', 'lib', 'lib64'].map((name) => link(name, `usr/${name}`)),
    link('root', 'var/roothome'),
    link('ostree', 'sysroot/ostree'),
    ...(await program(suite)),
    text(`usr/lib/modules/${KERNEL}/vmlinuz`, 'kernel\n'.repeat(3000), 0o755),
    text(`usr/lib/modules/${KERNEL}/initramfs.img`, 'initramfs\n'.repeat(9000), 0o600),
    text('usr/lib/os-release', 'ID=small\nPRETTY_NAME="Small 1"\n'),
    text('usr/lib/ostree/prepare-root.conf', '[composefs]\nenabled = maybe\n'),
    text('usr/lib/tmpfiles.d/empty.conf', ''),
    text('usr/lib/bootc/kargs.d/10-own.toml', 'kargs = ["own=1", "dropped=1", "own=1"]\n'),
    text('usr/lib/bootc/kargs.d/20-other.toml', 'kargs = ["other=1"]\nmatch-architectures = ["s390x"]\n'),
    text('usr/lib/bootc/install/10.toml', '[install]\nkargs = ["install=1"]\nkarg-deletes = ["dropped"]\n'),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    text('etc/shadow', 'root:*:19000::::::\n', 0o600),
    text('etc/machine-id', ''),
    text('etc/hostname', ''),
    text('etc/resolv.conf', ''),
    text('var/lib/seed', 'seed\n'),
    { ...text('usr/bin/su', 'setuid', 0o4755), uid: 0, gid: 0 },
    {
      ...text('usr/bin/ping', 'capable', 0o755),
      xattrs: { 'security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex') },
    },
    text('usr/share/gone', 'deleted by a layer'),
    text('usr/share/opaque/lower', 'hidden by a layer'),
    text('usr/share/replaced', 'becomes a folder'),
    folder('usr/share/mode', 0o750),
  ]
}

/** A layer on top: what item 20 asks for. */
export const UPPER: readonly Entry[] = [
  text('usr/share/.wh.gone', ''),
  text('usr/share/opaque/.wh..wh..opq', ''),
  text('usr/share/opaque/upper', 'seen'),
  text('usr/share/replaced/inside', 'x'),
  folder('usr/share/mode', 0o777),
  text('etc/added.conf', 'added\n'),
  text('run/dropped', 'x'),
]

/** A policy of a few types: a file with contexts is all that libselinux reads, and libostree wants a binary policy beside it. */
export const POLICY: readonly Entry[] = [
  text('etc/selinux/config', 'SELINUX=enforcing\nSELINUXTYPE=small\n'),
  text('etc/selinux/small/policy/policy.33', 'not read\n'),
  text(
    'etc/selinux/small/contexts/files/file_contexts',
    [
      ['/.*', 'default_t'],
      ['/', 'root_t'],
      ['/boot(/.*)?', 'boot_t'],
      ['/usr(/.*)?', 'usr_t'],
      ['/usr/s?bin(/.*)?', 'bin_t'],
      ['/(usr/)?etc(/.*)?', 'etc_t'],
      ['/(usr/)?etc/shadow', 'shadow_t'],
      ['/var(/.*)?', 'var_t'],
    ]
      .map(([path, type]) => `${path}\tsystem_u:object_r:${type}:s0\n`)
      .join(''),
  ),
]

/** Writes the policy as a root to give to `ostree commit --selinux-policy`. */
export function writePolicy(root: string): string {
  for (const { path, content } of POLICY) {
    const file = join(root, 'usr', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content!)
  }
  return root
}

/** ostree, its libraries and loader, and env, which starts it. */
async function program(suite: Suite): Promise<Entry[]> {
  const root = await debianRoot({ suite, packages: ['ostree'] })
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const loader = process.arch === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2'
  const libraries = join(root, 'usr/lib', triplet)
  const command = [join(libraries, loader), '--library-path', libraries, '--list', join(root, 'usr/bin/ostree')]
  const list = execFileSync(command[0]!, command.slice(1), { encoding: 'utf8' })
  const needed = [...list.matchAll(/=> (\S+)/g)].map(([, path]) => path!).filter((path) => path.startsWith(root))
  const file = (path: string, from: string): Entry => ({ path, content: readFileSync(realpathSync(from)), mode: 0o755 })
  return [
    file('usr/bin/ostree', join(root, 'usr/bin/ostree')),
    file('usr/bin/env', '/usr/bin/env'),
    file(`usr/lib64/${loader}`, join(libraries, loader)),
    ...needed.map((path) => file(`usr/lib/${triplet}/${basename(path)}`, path)),
  ]
}
