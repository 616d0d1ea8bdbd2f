import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpioArchive } from '../../../boot-assets/installer/cpio.ts'
import type { CpioEntry } from '../../../boot-assets/installer/cpio.ts'

interface Read {
  path: string
  mode: number
  data: Buffer
  inode: number
  time: number
}

/** An independent reading of the format: header of 110 bytes, name, padding, data, padding. */
function readArchive(archive: Buffer): Read[] {
  const entries: Read[] = []
  for (let at = 0; ;) {
    expect(archive.toString('ascii', at, at + 6)).toBe('070701')
    const field = (index: number): number =>
      parseInt(archive.toString('ascii', at + 6 + 8 * index, at + 14 + 8 * index), 16)
    const nameEnd = at + 110 + field(11)
    const path = archive.toString('utf8', at + 110, nameEnd - 1)
    const start = Math.ceil(nameEnd / 4) * 4
    const end = start + field(6)
    if (path === 'TRAILER!!!') {
      expect(archive.length).toBe(start)
      return entries
    }
    entries.push({ path, inode: field(0), mode: field(1), time: field(5), data: archive.subarray(start, end) })
    at = Math.ceil(end / 4) * 4
  }
}

const segment = fc.stringMatching(/^[a-zäß._-]{1,12}$/).filter((text) => !/^\.+$/.test(text))
const fileEntry = fc.record({
  path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  type: fc.constant('file' as const),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  data: fc.uint8Array({ maxLength: 40 }),
})
/** Entries of which none is a folder of another. */
const entries = fc
  .uniqueArray(fileEntry, { selector: (entry) => entry.path, maxLength: 8 })
  .filter((list) => list.every((a) => list.every((b) => !b.path.startsWith(`${a.path}/`))))

describe('cpioArchive', () => {
  it('writes what a reader of the format gets back, whatever the entries', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const files = readArchive(cpioArchive(list)).filter((entry) => (entry.mode & 0o170000) === 0o100000)
        expect(files.map(({ path, mode, data }) => ({ path, mode: mode & 0o7777, data: [...data] }))).toEqual(
          list
            .toSorted((a, b) => (a.path < b.path ? -1 : 1))
            .map(({ path, mode, data }) => ({ path, mode, data: [...data] })),
        )
      }),
    )
  })

  it('gives the same bytes for the same entries in any order, at a length that another archive can follow', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const archive = cpioArchive(list)
        expect(cpioArchive(list.toReversed()).equals(archive)).toBe(true)
        expect(archive.length % 4).toBe(0)
        expect(readArchive(archive).every((entry) => entry.time === 0)).toBe(true)
      }),
    )
  })

  it('adds parent folders before what lies in them, once', () => {
    const paths = readArchive(
      cpioArchive([
        { path: 'a/b/two', type: 'file' },
        { path: 'a/b/one', type: 'file' },
      ]),
    ).map((entry) => [entry.path, entry.mode.toString(8)])
    expect(paths).toEqual([
      ['a', '40755'],
      ['a/b', '40755'],
      ['a/b/one', '100644'],
      ['a/b/two', '100644'],
    ])
  })

  const refused: [string, CpioEntry[]][] = [
    ['an absolute path', [{ path: '/init', type: 'file' }]],
    ['a path that climbs', [{ path: 'a/../b', type: 'file' }]],
    ['an empty path', [{ path: '', type: 'directory' }]],
    [
      'the same path twice',
      [
        { path: 'a', type: 'file' },
        { path: 'a', type: 'directory' },
      ],
    ],
  ]
  it.each(refused)('refuses %s', (_, list) => {
    expect(() => cpioArchive(list)).toThrow(RangeError)
  })

  it.skipIf(spawnSync('cpio', ['--version']).error !== undefined)('is read by cpio(1)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'landfall-cpio-'))
    try {
      const input = cpioArchive([
        { path: 'bin/tool', type: 'file', mode: 0o755, data: 'content' },
        { path: 'bin/link', type: 'symlink', data: 'tool' },
      ])
      const { status, stderr } = spawnSync('cpio', ['-id', '--quiet'], { cwd: folder, input })
      expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' })
      expect(readFileSync(join(folder, 'bin/tool'), 'utf8')).toBe('content')
      expect(statSync(join(folder, 'bin/tool')).mode & 0o777).toBe(0o755)
      expect(readlinkSync(join(folder, 'bin/link'))).toBe('tool')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
