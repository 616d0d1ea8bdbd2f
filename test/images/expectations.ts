// What a machine that runs the demo image must look like where the image's layers are tricky. Paths are those of the
// running system; in an OSTree commit /etc is /usr/etc.

/** Folder of the demo's own files. */
export const DEMO = 'usr/share/landfall-demo'

/** `struct vfs_cap_data`, revision 2, effective, CAP_NET_RAW permitted (linux/capability.h): what `setcap cap_net_raw+ep` writes. */
export const CAPABILITY_NET_RAW = Buffer.from('0100000200200000000000000000000000000000', 'hex')
/** Bytes that a PAX record parser looking for newlines, NULs or equals signs would cut. */
export const USER_ATTRIBUTE = Buffer.from('61000a313220783d790a00ff80', 'hex')

/** 200 bytes, more than a tar name field holds. */
export const LONG_NAME = `long-${'n'.repeat(195)}`
export const LONG_TARGET = `../links/${'../links/'.repeat(30)}original`
/** Between 100 and 255 bytes with a slash in the right place: fits name and prefix of a ustar header. */
export const PREFIX_PATH = `${DEMO}/names/${'p'.repeat(90)}`
export const GNU_PATH = `${DEMO}/names/gnu-${'g'.repeat(150)}`
/** Folders below each other, 300 bytes of path in all. */
export const DEEP_FOLDERS = [1, 2, 3, 4].map((depth) =>
  [`${DEMO}/names`, ...Array.from({ length: depth }, (_, i) => `deep-${i}-${'d'.repeat(60)}`)].join('/'),
)
export const DEEP_PATH = `${DEEP_FOLDERS.at(-1)!}/file`
/**
 * Latin, other scripts, a character outside the basic plane; all precomposed (NFC), because libarchive, and with it ostree and
 * bootc, composes decomposed names of PAX records while reading.
 */
export const NON_ASCII = ['Größe-naïve', '日本語.txt', 'Ελλάδα и Россия', '\u{1F680}']
export const RAW_NON_ASCII = 'rå-ustar-ñ'

interface Owned {
  path: string
  /** Permission bits with setuid, setgid and sticky. Default: not checked. */
  mode?: number
  uid?: number
  gid?: number
}

export type Expectation =
  | (Owned & {
      kind: 'file'
      content?: string
      size?: number
      /** Attribute name to value as hex. */ xattrs?: Record<string, string>
    })
  | (Owned & { kind: 'directory'; /** All names in it. */ entries?: string[] })
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'absent'; path: string }
  /** All names of one inode. */
  | { kind: 'hardlinks'; paths: string[] }

/** What must hold after the deployment of that version; paths are relative to the root of the running system. */
export function expectations(version: '1' | '2'): Expectation[] {
  const absent = (path: string): Expectation => ({ kind: 'absent', path })
  const content = (path: string, text: string, more: Partial<Owned> = {}): Expectation => ({
    kind: 'file',
    path,
    content: text,
    ...more,
  })
  const original = [
    `${DEMO}/links/original`,
    `${DEMO}/links/second`,
    `${DEMO}/links/third`,
    `${DEMO}/links/${LONG_NAME}`,
  ]
  return [
    content(`${DEMO}/version`, `${version}\n`),
    content('etc/landfall-demo/release', `${version}\n`),
    { kind: 'file', path: `${DEMO}/only-in-${version}`, size: 0 },
    absent(`${DEMO}/only-in-${version === '1' ? '2' : '1'}`),

    content('etc/landfall-demo/kept.conf', 'kept = true\n', { mode: 0o640, uid: 0, gid: 4 }),
    absent('etc/landfall-demo/deleted.conf'),
    content('var/lib/landfall-demo/seed', 'seeded from the image\n', { uid: 1000, gid: 1000 }),
    absent('run/must-not-arrive'),
    absent('tmp/must-not-arrive'),

    { kind: 'file', path: 'usr/bin/su', mode: 0o4755, uid: 0, gid: 0 },
    { kind: 'file', path: `${DEMO}/modes/setuid`, mode: 0o4711, uid: 0, gid: 0 },
    { kind: 'file', path: `${DEMO}/modes/setgid`, mode: 0o2755, uid: 0, gid: 4 },
    { kind: 'file', path: `${DEMO}/modes/secret`, mode: 0o600, uid: 0, gid: 0 },
    { kind: 'file', path: `${DEMO}/modes/owned`, mode: 0o644, uid: 1000, gid: 1001 },
    { kind: 'file', path: `${DEMO}/modes/large-owner`, mode: 0o644, uid: 3_000_000, gid: 4_000_000 },
    { kind: 'directory', path: `${DEMO}/modes/shared`, mode: 0o2775, uid: 0, gid: 4 },
    { kind: 'directory', path: `${DEMO}/modes/sticky`, mode: 0o1777, uid: 0, gid: 0 },
    // OSTree's merge keeps the mode of a directory that an earlier layer made; a container runtime would show 0700.
    { kind: 'directory', path: `${DEMO}/modes/first-mode-wins`, mode: 0o750 },

    {
      kind: 'file',
      path: `${DEMO}/attributes/ping`,
      mode: 0o755,
      xattrs: { 'security.capability': CAPABILITY_NET_RAW.toString('hex') },
    },
    { kind: 'file', path: `${DEMO}/attributes/user`, xattrs: { 'user.landfall': USER_ATTRIBUTE.toString('hex') } },

    ...original.map((path) => content(path, 'one file, three names\n', { mode: 0o755 })),
    { kind: 'hardlinks', paths: original },
    { kind: 'symlink', path: `${DEMO}/links/relative`, target: 'original' },
    { kind: 'symlink', path: `${DEMO}/links/absolute`, target: '/usr/share/landfall-demo/links/original' },
    { kind: 'symlink', path: `${DEMO}/links/dangling`, target: 'nowhere' },
    { kind: 'symlink', path: `${DEMO}/links/long`, target: LONG_TARGET },

    content(`${DEMO}/names/${LONG_NAME}`, 'PAX path\n'),
    content(PREFIX_PATH, 'ustar prefix\n'),
    content(GNU_PATH, 'GNU long name\n'),
    content(DEEP_PATH, 'deeper than 255 bytes\n'),
    ...NON_ASCII.map((name) => content(`${DEMO}/names/${name}`, `${name}\n`)),
    content(`${DEMO}/names/${RAW_NON_ASCII}`, 'UTF-8 without a PAX record\n'),
    content(`${DEMO}/names/ with spaces `, 'spaces\n'),
    content(`${DEMO}/names/new\nline\tand "quotes" \\`, 'quotes\n'),
    content(`${DEMO}/names/-rf`, 'dash\n'),
    content(`${DEMO}/names/.wh`, 'no whiteout\n'),
    { kind: 'file', path: `${DEMO}/names/empty`, size: 0, mode: 0o644 },
    { kind: 'file', path: `${DEMO}/names/empty-too`, size: 0, mode: 0o600 },

    { kind: 'directory', path: `${DEMO}/whiteout`, entries: ['kept'] },
    { kind: 'directory', path: `${DEMO}/opaque`, entries: ['new', 'replaced'] },
    content(`${DEMO}/opaque/replaced`, 'new\n'),

    { kind: 'directory', path: `${DEMO}/types/file-to-folder`, entries: ['inside'] },
    content(`${DEMO}/types/folder-to-file`, 'now a file\n'),
    { kind: 'directory', path: `${DEMO}/types/there-and-back`, entries: ['last'] },
    content(`${DEMO}/types/link-to-file`, 'now a file\n'),
    { kind: 'symlink', path: `${DEMO}/types/file-to-link`, target: 'folder-to-file' },

    // Top-level folders of state are links into /var.
    { kind: 'symlink', path: 'home', target: 'var/home' },
    { kind: 'symlink', path: 'root', target: 'var/roothome' },
    { kind: 'symlink', path: 'usr/local', target: '../var/usrlocal' },
    { kind: 'directory', path: 'var/roothome', mode: 0o700 },
  ]
}
