// The small layers of the demo image: everything a layer may contain that an importer can get wrong. What must be left
// of it in a deployed machine is written down in expectations.ts.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as names from './expectations.ts'
import { directory, file, hardlink, symlink } from './tar.ts'
import type { TarEntry } from './tar.ts'

const DEMO = names.DEMO
const ETC = 'etc/landfall-demo'

/** The layer that brings things: links, modes, owners, attributes and names of every kind, and what the next one removes. */
export async function lowerLayer(root: string): Promise<TarEntry[]> {
  const ping = await readFile(join(root, 'usr/bin/ping'))
  return [
    directory('etc'),
    directory(ETC),
    file(`${ETC}/deleted.conf`, 'removed by the next layer\n'),
    file(`${ETC}/kept.conf`, 'kept = true\n', { mode: 0o640, gid: 4 }),
    // What container runtimes leave behind: an importer drops them, or the machine would have no name of its own.
    file('etc/hostname', ''),

    // The machine's /var is seeded from the image at the first deployment only.
    directory('var'),
    directory('var/lib'),
    directory('var/lib/landfall-demo'),
    file('var/lib/landfall-demo/seed', 'seeded from the image\n', { uid: 1000, gid: 1000 }),

    // Nothing of these may arrive: they are file systems of the running machine.
    directory('run'),
    file('run/must-not-arrive', 'x'),
    directory('tmp', { mode: 0o1777 }),
    file('tmp/must-not-arrive', 'x'),

    directory('usr'),
    directory('usr/share'),
    directory(DEMO),
    directory(`${DEMO}/modes`),
    file(`${DEMO}/modes/setuid`, 'setuid, runs nothing\n', { mode: 0o4711 }),
    file(`${DEMO}/modes/setgid`, 'setgid\n', { mode: 0o2755, gid: 4 }),
    file(`${DEMO}/modes/secret`, 'secret\n', { mode: 0o600 }),
    file(`${DEMO}/modes/owned`, 'owned\n', { uid: 1000, gid: 1001 }),
    file(`${DEMO}/modes/large-owner`, 'owner beyond seven octal digits\n', { uid: 3_000_000, gid: 4_000_000 }),
    directory(`${DEMO}/modes/shared`, { mode: 0o2775, gid: 4 }),
    directory(`${DEMO}/modes/sticky`, { mode: 0o1777 }),
    directory(`${DEMO}/modes/first-mode-wins`, { mode: 0o750 }),

    directory(`${DEMO}/attributes`),
    file(`${DEMO}/attributes/ping`, ping, {
      mode: 0o755,
      xattrs: { 'security.capability': names.CAPABILITY_NET_RAW },
    }),
    file(`${DEMO}/attributes/user`, 'user attribute\n', { xattrs: { 'user.landfall': names.USER_ATTRIBUTE } }),

    directory(`${DEMO}/links`),
    file(`${DEMO}/links/original`, 'one file, three names\n', { mode: 0o755 }),
    hardlink(`${DEMO}/links/second`, `${DEMO}/links/original`),
    hardlink(`${DEMO}/links/third`, `${DEMO}/links/original`),
    symlink(`${DEMO}/links/relative`, 'original'),
    symlink(`${DEMO}/links/absolute`, '/usr/share/landfall-demo/links/original'),
    symlink(`${DEMO}/links/dangling`, 'nowhere'),
    symlink(`${DEMO}/links/long`, names.LONG_TARGET),
    hardlink(`${DEMO}/links/${names.LONG_NAME}`, `${DEMO}/links/original`),

    directory(`${DEMO}/names`),
    file(`${DEMO}/names/${names.LONG_NAME}`, 'PAX path\n'),
    file(names.PREFIX_PATH, 'ustar prefix\n', { encoding: 'ustar' }),
    file(names.GNU_PATH, 'GNU long name\n', { encoding: 'gnu' }),
    ...names.DEEP_FOLDERS.map((path) => directory(path)),
    file(names.DEEP_PATH, 'deeper than 255 bytes\n'),
    ...names.NON_ASCII.map((name) => file(`${DEMO}/names/${name}`, `${name}\n`)),
    file(`${DEMO}/names/${names.RAW_NON_ASCII}`, 'UTF-8 without a PAX record\n', { encoding: 'ustar' }),
    file(`${DEMO}/names/ with spaces `, 'spaces\n'),
    file(`${DEMO}/names/new\nline\tand "quotes" \\`, 'quotes\n'),
    file(`${DEMO}/names/-rf`, 'dash\n'),
    file(`${DEMO}/names/.wh`, 'no whiteout\n'),
    file(`${DEMO}/names/empty`, ''),
    file(`${DEMO}/names/empty-too`, '', { mode: 0o600 }),

    directory(`${DEMO}/whiteout`),
    file(`${DEMO}/whiteout/file`, 'x'),
    symlink(`${DEMO}/whiteout/link`, 'file'),
    directory(`${DEMO}/whiteout/folder`),
    directory(`${DEMO}/whiteout/folder/below`),
    file(`${DEMO}/whiteout/folder/below/file`, 'x'),
    file(`${DEMO}/whiteout/kept`, 'kept\n'),

    directory(`${DEMO}/opaque`),
    file(`${DEMO}/opaque/old`, 'x'),
    file(`${DEMO}/opaque/replaced`, 'old\n'),
    directory(`${DEMO}/opaque/below`),
    file(`${DEMO}/opaque/below/old`, 'x'),

    directory(`${DEMO}/types`),
    file(`${DEMO}/types/file-to-folder`, 'x'),
    directory(`${DEMO}/types/folder-to-file`),
    file(`${DEMO}/types/folder-to-file/inside`, 'x'),
    directory(`${DEMO}/types/there-and-back`),
    file(`${DEMO}/types/there-and-back/first`, 'x'),
    symlink(`${DEMO}/types/link-to-file`, 'nowhere'),
    file(`${DEMO}/types/file-to-link`, 'x'),
  ]
}

/** The layer that takes away and replaces. */
export function upperLayer(): TarEntry[] {
  return [
    file(`${ETC}/.wh.deleted.conf`, ''),
    directory(`${DEMO}/modes/first-mode-wins`, { mode: 0o700 }),

    file(`${DEMO}/whiteout/.wh.file`, ''),
    file(`${DEMO}/whiteout/.wh.link`, ''),
    file(`${DEMO}/whiteout/.wh.folder`, ''),

    directory(`${DEMO}/opaque`),
    file(`${DEMO}/opaque/.wh..wh..opq`, ''),
    file(`${DEMO}/opaque/new`, 'new\n'),
    file(`${DEMO}/opaque/replaced`, 'new\n'),

    directory(`${DEMO}/types/file-to-folder`),
    file(`${DEMO}/types/file-to-folder/inside`, 'inside\n'),
    file(`${DEMO}/types/folder-to-file`, 'now a file\n'),
    file(`${DEMO}/types/there-and-back`, 'for one layer only\n'),
    file(`${DEMO}/types/link-to-file`, 'now a file\n'),
    symlink(`${DEMO}/types/file-to-link`, 'folder-to-file'),
  ]
}

/** The last layer, the only one in which versions 1 and 2 differ. */
export function releaseLayer(version: '1' | '2'): TarEntry[] {
  return [
    directory(ETC),
    file(`${ETC}/release`, `${version}\n`),
    file(`${DEMO}/version`, `${version}\n`),
    file(`${DEMO}/only-in-${version}`, ''),
    directory(`${DEMO}/types/there-and-back`),
    file(`${DEMO}/types/there-and-back/last`, 'a folder again\n'),
  ]
}

/** The initramfs for roots on arrays, volumes and encrypted disks, in the place of the lean one. */
export async function disksLayer(root: string): Promise<TarEntry[]> {
  const [kernel = ''] = await readdir(join(root, 'usr/lib/modules'))
  const content = await readFile(join(root, 'var/lib/landfall-demo/initramfs-disks.img'))
  const folders = ['usr', 'usr/lib', 'usr/lib/modules', `usr/lib/modules/${kernel}`]
  return [
    ...folders.map((path) => directory(path)),
    file(`usr/lib/modules/${kernel}/initramfs.img`, content, { mode: 0o600 }),
  ]
}
