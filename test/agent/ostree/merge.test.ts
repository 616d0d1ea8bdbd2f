import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { mergeLayers } from '../../../boot-assets/agent/ostree/merge.ts'
import { checksum } from '../../../boot-assets/agent/ostree/objects.ts'
import type { DirectoryRef } from '../../../boot-assets/agent/ostree/objects.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'

/** A folder by name; numbers are the folder's own mode under the name `.`. A string is a file's content, `->` before a target. */
interface Tree {
  [name: string]: string | number | Tree
}

let folder: string
let repo: Repo
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merge-'))
  repo = Repo.init(join(folder, 'repo'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Writes a tree's objects. File objects are named after their content only: merging never looks inside. */
function write(tree: Tree): DirectoryRef {
  const files = new Map<string, string>()
  const directories = new Map<string, DirectoryRef>()
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'object') directories.set(name, write(value))
    else if (typeof value === 'string') files.set(name, writeFile(value))
  }
  const mode = 0o40000 | ((tree['.'] as number | undefined) ?? 0o755)
  return {
    tree: repo.writeDirtree({ files, directories }),
    meta: repo.writeDirmeta({ uid: 0, gid: 0, mode, xattrs: [] }),
  }
}

const contents = new Map<string, string>()
function writeFile(content: string): string {
  const sum = checksum(Buffer.from(content))
  contents.set(sum, content)
  const path = repo.objectPath(sum, 'file')
  if (repo.has(sum, 'file')) return sum
  mkdirSync(dirname(path), { recursive: true })
  if (content.startsWith('->')) symlinkSync(content.slice(2), path)
  else writeFileSync(path, content)
  return sum
}

function read({ tree, meta }: DirectoryRef): Tree {
  const { files, directories } = repo.readDirtree(tree)
  const mode = repo.readDirmeta(meta).mode & 0o7777
  return {
    ...(mode === 0o755 ? {} : { '.': mode }),
    ...Object.fromEntries([...files].map(([name, sum]) => [name, contents.get(sum)!])),
    ...Object.fromEntries([...directories].map(([name, child]) => [name, read(child)])),
  }
}

describe('merging layers', () => {
  it.each<[string, Tree[], Tree]>([
    ['one layer is itself', [{ a: '1', d: { b: '2' } }], { a: '1', d: { b: '2' } }],
    [
      'files add up, the upper wins',
      [
        { a: '1', b: '1' },
        { b: '2', c: '2' },
      ],
      { a: '1', b: '2', c: '2' },
    ],
    [
      'a directory keeps its first mode',
      [{ d: { '.': 0o700 } }, { '.': 0o711, d: { '.': 0o777, x: 'x' } }],
      { d: { '.': 0o700, x: 'x' } },
    ],
    ['a whiteout removes a file', [{ d: { a: '1', b: '1' } }, { d: { '.wh.a': '' } }], { d: { b: '1' } }],
    ['a whiteout removes a directory', [{ d: { e: { a: '1' } } }, { d: { '.wh.e': '' } }], { d: {} }],
    ['a whiteout of nothing does nothing', [{ a: '1' }, { '.wh.b': '' }], { a: '1' }],
    [
      'a whiteout and a directory replace what was there',
      [{ e: { a: '1' } }, { '.wh.e': '', e: { '.': 0o700, b: '2' } }],
      { e: { '.': 0o700, b: '2' } },
    ],
    ['a whiteout wins over a file of its layer that sorts before it', [{}, { '.wh.-a': '', '-a': '2' }], {}],
    ['a file of its layer that sorts after a whiteout stays', [{ a: '1' }, { '.wh.a': '', a: '2' }], { a: '2' }],
    [
      'an opaque directory hides what is below, mode included',
      [{ d: { '.': 0o700, a: '1', e: { b: '1' } } }, { d: { '.wh..wh..opq': '', c: '2' } }],
      { d: { c: '2' } },
    ],
    [
      'an opaque directory hides only lower layers',
      [{ d: { a: '1' } }, { d: { '.wh..wh..opq': '', b: '2' } }, { d: { c: '3' } }],
      { d: { b: '2', c: '3' } },
    ],
    [
      'whiteouts in the lowest layer vanish',
      [{ '.wh.x': '', d: { '.wh..wh..opq': '', '.wh.y': '', z: '1' } }],
      { d: { z: '1' } },
    ],
    ['a file replaces a directory', [{ d: { a: '1' } }, { d: 'file' }], { d: 'file' }],
    ['a directory replaces a file', [{ d: 'file' }, { d: { '.': 0o700, a: '2' } }], { d: { '.': 0o700, a: '2' } }],
    ['a directory replaces a symlink to one', [{ lib: '->usr/lib' }, { lib: { a: '2' } }], { lib: { a: '2' } }],
    ['a symlink named like a whiteout is none', [{ a: '1' }, { '.wh.a': '->x' }], { a: '1', '.wh.a': '->x' }],
    [
      'a subtree used twice changes only where it should',
      [{ d: { s: { a: '1' } }, e: { s: { a: '1' } } }, { d: { s: { '.wh.a': '' } } }],
      { d: { s: {} }, e: { s: { a: '1' } } },
    ],
    [
      'empty hostname and resolv.conf go',
      [{ usr: { etc: { hostname: '', 'resolv.conf': '', hosts: '' } } }],
      { usr: { etc: { hosts: '' } } },
    ],
    [
      'other hostname and resolv.conf stay',
      [{ usr: { etc: { hostname: 'h', 'resolv.conf': '->x' } } }],
      { usr: { etc: { hostname: 'h', 'resolv.conf': '->x' } } },
    ],
  ])('%s', (_, layers, merged) => {
    expect(read(mergeLayers(repo, layers.map(write)))).toEqual(merged)
  })

  it('takes the base as it is, whiteouts or not, and applies those of layers to it', () => {
    const base = write({ d: { '.': 0o700, a: '1', '.wh.b': '' }, e: { x: '1' } })
    const merged = mergeLayers(repo, [write({ d: { '.wh.a': '', c: '2' } })], base)
    expect(read(merged)).toEqual({ d: { '.': 0o700, '.wh.b': '', c: '2' }, e: { x: '1' } })
    expect(mergeLayers(repo, [], base)).toEqual(base)
  })

  it.each(['.wh.', '.wh..', '.wh...'])('refuses the whiteout %s', (name) => {
    expect(() => mergeLayers(repo, [write({ [name]: '' })])).toThrowWithCode(OstreeError, 'WHITEOUT_INVALID')
  })

  it('refuses an image without layers', () => {
    expect(() => mergeLayers(repo, [])).toThrowWithCode(OstreeError, 'IMAGE_INVALID')
  })
})
