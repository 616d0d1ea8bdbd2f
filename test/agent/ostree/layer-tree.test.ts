// What `ostree commit --tree=tar --tar-autocreate-parents` does; that it does is held against it in test/interop.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { LayerTree } from '../../../boot-assets/agent/ostree/layer-tree.ts'
import type { DirectoryRef, InodeMeta } from '../../../boot-assets/agent/ostree/objects.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const
const ROOT = { uid: 0, gid: 0 }
const folderMeta = (mode: number, uid = 0): InodeMeta => ({ uid, gid: 0, mode: 0o40000 | mode, xattrs: [] })

let folder: string
let repo: Repo
let tree: LayerTree
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layer-tree-'))
  repo = Repo.init(join(folder, 'repo'))
  tree = new LayerTree()
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Files by path, and folders as `uid mode`. */
function listing(ref: DirectoryRef, path = '/'): Record<string, string> {
  const { files, directories } = repo.readDirtree(ref.tree)
  const { uid, mode } = repo.readDirmeta(ref.meta)
  return {
    [path]: `${uid} ${(mode & 0o7777).toString(8)}`,
    ...Object.fromEntries([...files].map(([name, sum]) => [path + name, sum[0]!])),
    ...Object.assign({}, ...[...directories].map(([name, child]) => listing(child, `${path}${name}/`))),
  }
}

describe('the tree of a layer', () => {
  it('is an empty root for an empty layer', () => {
    expect(listing(tree.write(repo))).toEqual({ '/': '0 755' })
  })

  it('gives missing parents the owner of the entry, and all other directories on the way too', () => {
    tree.addDirectory('', folderMeta(0o700, 1))
    tree.addDirectory('usr', folderMeta(0o700, 1))
    tree.addFile('usr/lib/x', A, { uid: 7, gid: 0 })
    tree.addFile('usr/lib/y', A, { uid: 8, gid: 0 })
    expect(listing(tree.write(repo))).toEqual({
      '/': '7 755',
      '/usr/': '7 755',
      '/usr/lib/': '7 755',
      '/usr/lib/x': 'a',
      '/usr/lib/y': 'a',
    })
  })

  it('lets the last of duplicates win', () => {
    tree.addFile('x', A, ROOT)
    tree.addFile('x', B, ROOT)
    tree.addDirectory('d', folderMeta(0o700))
    tree.addDirectory('d', folderMeta(0o711))
    expect(listing(tree.write(repo))).toEqual({ '/': '0 755', '/x': 'b', '/d/': '0 711' })
  })

  it('links to what the target is in the end, over links and before the target appears', () => {
    tree.addHardlink('early', 'd/target', ROOT)
    tree.addHardlink('chain', 'early', ROOT)
    tree.addFile('d/target', A, ROOT)
    tree.addFile('d/target', B, ROOT)
    expect(listing(tree.write(repo))).toMatchObject({ '/early': 'b', '/chain': 'b', '/d/target': 'b' })
  })

  it.each<[string, string, (tree: LayerTree) => void]>([
    ['a link to nothing', 'HARDLINK_TARGET_MISSING', (t) => t.addHardlink('x', 'missing', ROOT)],
    [
      'links in a circle',
      'HARDLINK_TARGET_MISSING',
      (t) => (t.addHardlink('x', 'y', ROOT), t.addHardlink('y', 'x', ROOT)),
    ],
    [
      'a link to a directory',
      'HARDLINK_TARGET_MISSING',
      (t) => (t.addDirectory('d', folderMeta(0o755)), t.addHardlink('x', 'd', ROOT)),
    ],
    [
      'a file where a directory is',
      'PATH_CONFLICT',
      (t) => (t.addDirectory('d', folderMeta(0o755)), t.addFile('d', A, ROOT)),
    ],
    [
      'a directory where a file is',
      'PATH_CONFLICT',
      (t) => (t.addFile('d', A, ROOT), t.addDirectory('d', folderMeta(0o755))),
    ],
    ['a file below a file', 'PATH_CONFLICT', (t) => (t.addFile('d', A, ROOT), t.addFile('d/e', A, ROOT))],
    ['a file as root', 'PATH_CONFLICT', (t) => t.addFile('', A, ROOT)],
  ])('refuses %s', (_, code, build) => {
    expect(() => {
      build(tree)
      tree.write(repo)
    }).toThrowWithCode(OstreeError, code)
  })
})
