// Golden bytes: objects written by ostree 2022.7 with `ostree commit --owner-uid=1 --owner-gid=2 --timestamp=@1700000000
// --no-bindings --add-metadata-string=alpha=one --add-metadata-string=be=two --tree=dir=...` of a tree usr/bin/{x,y}.
import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import {
  checksum,
  fileHeader,
  parseCommit,
  parseDirmeta,
  parseDirtree,
  serialiseCommit,
  serialiseDirmeta,
  serialiseDirtree,
} from '../../../boot-assets/agent/ostree/objects.ts'
import type { Commit, Directory, InodeMeta } from '../../../boot-assets/agent/ostree/objects.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const COMMIT = hex(
  '616c7068610000006f6e650000730600626500000000000074776f000073030f1f00000000000000000000006553f1006c9fa5ce820922b5f8e6edaf2ad059e7d3c511eb2338e06eed86473d81384eda144a6c9f03a74da9d8dd37cb1a90816b5381b75132b339233e6f11d91688c896502322212121',
)
const TREE_OF_FILES = hex(
  '780060018b2b9e3b6d5e64173f0a829554f81b108f93683b319018f9267dfdd5eed40279005d7a5ba97467385c6bb80b8bf6933de0bf045dcc959277d0d4943e008226c97502234648',
)
const TREE_OF_DIRECTORIES = hex(
  '62696e004cd9a71dbfba2358f81d943a9afce234c5fe65d29c354541460690a73c83e2582e54f99c659e9abf520ca56106e4c6e766a27c769e2f00e0a5fa3f01e5f531bc24044600',
)
const DIRMETA = hex('0000000100000002000041ed757365722e64006464070a')

const commit: Commit = {
  metadata: [
    ['alpha', 'one'],
    ['be', 'two'],
  ],
  parent: null,
  timestamp: 1700000000,
  root: {
    tree: '6c9fa5ce820922b5f8e6edaf2ad059e7d3c511eb2338e06eed86473d81384eda',
    meta: '144a6c9f03a74da9d8dd37cb1a90816b5381b75132b339233e6f11d91688c896',
  },
}
const X = '60018b2b9e3b6d5e64173f0a829554f81b108f93683b319018f9267dfdd5eed4'
const Y = '5d7a5ba97467385c6bb80b8bf6933de0bf045dcc959277d0d4943e008226c975'
const files: Directory = {
  files: new Map([
    ['y', Y],
    ['x', X],
  ]),
  directories: new Map(),
}
const directories: Directory = {
  files: new Map(),
  directories: new Map([
    [
      'bin',
      {
        tree: '4cd9a71dbfba2358f81d943a9afce234c5fe65d29c354541460690a73c83e258',
        meta: '2e54f99c659e9abf520ca56106e4c6e766a27c769e2f00e0a5fa3f01e5f531bc',
      },
    ],
  ]),
}
const dirmeta: InodeMeta = { uid: 1, gid: 2, mode: 0o40755, xattrs: [{ name: 'user.d', value: Buffer.from('dd') }] }

describe('OSTree objects', () => {
  it('serialises what ostree wrote', () => {
    expect(serialiseCommit(commit)).toEqual(COMMIT)
    expect(checksum(COMMIT)).toBe('07bffa88a3145fb7aeda17495318d046d0c84487150375027c0bad496e0b5ec1')
    expect(serialiseDirtree(files)).toEqual(TREE_OF_FILES)
    expect(serialiseDirtree(directories)).toEqual(TREE_OF_DIRECTORIES)
    expect(serialiseDirmeta(dirmeta)).toEqual(DIRMETA)
  })

  it('reads what ostree wrote', () => {
    expect(parseCommit(COMMIT)).toEqual(commit)
    expect(parseDirtree(TREE_OF_FILES)).toEqual(files)
    expect([...parseDirtree(TREE_OF_FILES).files.keys()]).toEqual(['x', 'y'])
    expect(parseDirtree(TREE_OF_DIRECTORIES)).toEqual(directories)
    expect(parseDirmeta(DIRMETA)).toEqual(dirmeta)
  })

  it('hashes files and symlinks as ostree did', () => {
    const meta = { uid: 1, gid: 2, mode: 0o104755, xattrs: [{ name: 'user.a', value: Buffer.from([255, 0, 10]) }] }
    expect(hash('sha256', Buffer.concat([fileHeader(meta, ''), Buffer.from('hi')]))).toBe(X)
    expect(hash('sha256', fileHeader({ uid: 1, gid: 2, mode: 0o120777, xattrs: [] }, 'x'))).toBe(Y)
  })

  it('orders names by UTF-8 bytes and xattrs by name', () => {
    const names = ['\u{1f600}', '\uffee', 'z', 'é', 'a-', 'a', 'a.b']
    const written = parseDirtree(
      serialiseDirtree({ files: new Map(names.map((name) => [name, X])), directories: new Map() }),
    )
    expect([...written.files.keys()]).toEqual(['a', 'a-', 'a.b', 'z', 'é', '\uffee', '\u{1f600}'])
    const two = ['user.b', 'user.a'].map((name) => ({ name, value: Buffer.from(name) }))
    expect(parseDirmeta(serialiseDirmeta({ ...dirmeta, xattrs: two })).xattrs.map(({ name }) => name)).toEqual([
      'user.a',
      'user.b',
    ])
  })

  it('reads back what it writes, over all sizes of framing offsets', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !text.includes('\0') && text.isWellFormed())
    const sum = fc.constantFrom(X, Y)
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 900, size: 'max' }), sum, (names, file) => {
        const directory: Directory = {
          files: new Map(names.slice(1).map((each) => [each, file])),
          directories: new Map(names.slice(0, 1).map((each) => [each, { tree: X, meta: Y }])),
        }
        expect(parseDirtree(serialiseDirtree(directory))).toEqual(directory)
      }),
      { numRuns: 30 },
    )
    const long: Commit = { ...commit, parent: X, metadata: [['k', 'v'.repeat(70_000)]] }
    expect(parseCommit(serialiseCommit(long))).toEqual(long)
  })

  it('refuses damaged objects with its own error', () => {
    fc.assert(
      fc.property(fc.constantFrom(COMMIT, TREE_OF_FILES, DIRMETA), fc.nat(120), fc.nat(255), (bytes, at, byte) => {
        const copy = Buffer.from(bytes)
        copy[at % copy.length] = byte
        const parse = bytes === COMMIT ? parseCommit : bytes === DIRMETA ? parseDirmeta : parseDirtree
        try {
          parse(copy)
        } catch (error) {
          expect(error).toBeInstanceOf(OstreeError)
        }
      }),
    )
    expect(() => parseDirtree(TREE_OF_FILES.subarray(0, 30))).toThrowWithCode(OstreeError, 'OBJECT_INVALID')
  })
})
