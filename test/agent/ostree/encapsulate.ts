// An OSTree commit as the layers of a chunked image (specification item 2.3), made from the repository that the ostree command line wrote.
// Nothing of the agent's code is used: what it reads, it must not have written.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { writeTar } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'
import type { OstreeCli } from './cli.ts'

const REPO = 'sysroot/ostree/repo'

export interface EncapsulateOptions {
  /** Of the tar format: 0 as rpm-ostree wrote until 2022, 1 as written since. */
  format?: 0 | 1
  /** Chunks besides the commit layer; file objects are dealt out to all of these. */
  chunks: number
  /** Attributes as hardlinks to sets that come first; exporters write them out for each file. Format 1 only. */
  linkedXattrs?: boolean
}

interface FileObject {
  sum: string
  entry: Entry
  xattrs: Buffer
}

/** Tar archives of the commit layer and the chunks. Every name of the tree is in the layer of its object, for container runtimes. */
export function encapsulate(cli: OstreeCli, repo: string, commit: string, options: EncapsulateOptions): Buffer[] {
  const { format = 1, chunks, linkedXattrs = false } = options
  const files = fileObjects(repo)
  const names = namesByObject(cli, repo, commit)
  const layerOf = (index: number): number => index % (chunks + 1)
  return Array.from({ length: chunks + 1 }, (_, layer) => {
    const inside = files.filter((_, index) => layerOf(index) === layer)
    const objects = format === 0 ? format0(inside) : linkedXattrs ? format1Linked(inside) : format1(inside)
    const links = inside.flatMap(({ sum }) =>
      (names.get(sum) ?? []).map((path): Entry => ({
        path: path.replace(/^usr\/etc\//, 'etc/'),
        type: 'hardlink',
        target: objectPath(sum, 'file'),
      })),
    )
    const metadata = layer === 0 ? metadataObjects(repo, commit) : []
    const entries = [...structure(), ...metadata, ...objects, ...links]
    // Format 0 had "./" before every path.
    return writeTar(format === 0 ? entries.map((entry) => ({ ...entry, path: `./${entry.path}` })) : entries)
  })
}

function structure(): Entry[] {
  const folders = ['sysroot', 'sysroot/ostree', REPO, `${REPO}/objects`, `${REPO}/refs`, `${REPO}/refs/heads`]
  return [
    ...folders.map((path): Entry => ({ path: `${path}/`, type: 'directory' })),
    { path: `${REPO}/config`, content: '[core]\nrepo_version=1\nmode=bare-split-xattrs\n' },
  ]
}

/** The commit first, its detached metadata next, then the rest. */
function metadataObjects(repo: string, commit: string): Entry[] {
  const order = ['commit', 'commitmeta', 'dirmeta', 'dirtree']
  return objectsOf(repo)
    .filter(({ sum, kind }) => (kind.startsWith('commit') ? sum === commit : order.includes(kind)))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(({ sum, kind, file }) => ({ path: objectPath(sum, kind), content: readFileSync(file) }))
}

function format1(files: readonly FileObject[]): Entry[] {
  return files.flatMap(({ sum, entry, xattrs }) => [
    { path: objectPath(sum, 'file-xattrs-link'), content: xattrs },
    { ...entry, path: objectPath(sum, 'file') },
  ])
}

function format1Linked(files: readonly FileObject[]): Entry[] {
  const sets = new Map(files.map(({ xattrs }) => [sha256(xattrs), xattrs]))
  return [
    ...[...sets].map(([sum, content]) => ({ path: objectPath(sum, 'file-xattrs'), content })),
    ...files.flatMap(({ sum, entry, xattrs }): Entry[] => [
      {
        path: objectPath(sum, 'file-xattrs-link'),
        type: 'hardlink',
        target: objectPath(sha256(xattrs), 'file-xattrs'),
      },
      { ...entry, path: objectPath(sum, 'file') },
    ]),
  ]
}

function format0(files: readonly FileObject[]): Entry[] {
  const seen = new Set<string>()
  return files.flatMap(({ sum, entry, xattrs }): Entry[] => {
    const set = sha256(xattrs)
    const first = seen.has(set) ? [] : [{ path: `${REPO}/xattrs/${set}`, content: xattrs }]
    seen.add(set)
    const target = `../../xattrs/${set}`
    return [
      ...first,
      { path: objectPath(sum, 'file.xattrs'), type: 'hardlink', target },
      { ...entry, path: objectPath(sum, 'file') },
    ]
  })
}

function fileObjects(repo: string): FileObject[] {
  const objects = objectsOf(repo).filter(({ kind }) => kind === 'file')
  const attributes = xattrsOf(objects.map(({ file }) => file))
  return objects.map(({ sum, file }) => {
    const { uid, gid, mode } = lstatSync(file)
    const isLink = (mode & 0o170000) === 0o120000
    const what: Partial<Entry> = isLink
      ? { type: 'symlink', target: readlinkSync(file) }
      : { content: readFileSync(file) }
    return { sum, entry: { path: '', uid, gid, mode: mode & 0o7777, ...what }, xattrs: attributes.get(file)! }
  })
}

function objectsOf(repo: string): { sum: string; kind: string; file: string }[] {
  return readdirSync(join(repo, 'objects'), { recursive: true, encoding: 'utf8' })
    .toSorted()
    .flatMap((name) => {
      const [, prefix, rest, kind] = /^(..)\/([0-9a-f]{62})\.(\w+)$/.exec(name) ?? []
      return kind === undefined ? [] : [{ sum: `${prefix}${rest}`, kind, file: join(repo, 'objects', name) }]
    })
}

/** `a(ayay)` of each file, sorted by name. */
function xattrsOf(files: readonly string[]): Map<string, Buffer> {
  const found = new Map(files.map((file): [string, Map<string, Buffer>] => [file, new Map()]))
  const dump = execFileSync('getfattr', ['-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names', '--', ...files], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  let file = ''
  for (const line of dump.split('\n')) {
    if (line.startsWith('# file: ')) file = line.slice('# file: '.length)
    const [, name, hex] = /^([^=#]+)=0x([0-9a-f]*)$/.exec(line) ?? []
    if (name !== undefined) found.get(file)!.set(name, Buffer.from(hex!, 'hex'))
  }
  return new Map([...found].map(([name, set]) => [name, serialise(set)]))
}

/** GVariant of type `a(ayay)`: each pair has the end of its name behind it, the array the ends of all pairs. */
function serialise(set: ReadonlyMap<string, Buffer>): Buffer {
  const pairs = [...set]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => Buffer.concat([Buffer.from(`${name}\0`), value, Buffer.from([name.length + 1])]))
  let end = 0
  const ends = pairs.map(({ length }) => (end += length))
  const size = end + pairs.length < 256 ? 1 : 2
  const table = Buffer.alloc(pairs.length * size)
  ends.forEach((value, index) => table.writeUIntLE(value, index * size, size))
  return Buffer.concat([...pairs, table])
}

function namesByObject(cli: OstreeCli, repo: string, commit: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const line of cli.run(repo, 'ls', '-R', '-C', commit).split('\n')) {
    const [, sum, path] = /^[-l]\d+ \d+ \d+ +\d+ ([0-9a-f]{64}) \/(.*?)(?: -> .*)?$/.exec(line) ?? []
    if (sum !== undefined) names.set(sum, [...(names.get(sum) ?? []), path!])
  }
  return names
}

function objectPath(sum: string, kind: string): string {
  return `${REPO}/objects/${sum.slice(0, 2)}/${sum.slice(2)}.${kind}`
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
