import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileAssets, firstOf, foundFiles, memoryAssets } from '../../../server/http/assets.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'landfall-assets-'))
})
afterAll(() => rm(dir, { recursive: true }))

describe('fileAssets', () => {
  it('streams a file or a part of it', async () => {
    const file = join(dir, 'a')
    await writeFile(file, '0123456789')
    const asset = (await fileAssets({ 'installer/a': file }).find('installer/a'))!
    expect(asset.size).toBe(10)
    expect(await text(await asset.open())).toBe('0123456789')
    expect(await text(await asset.open({ start: 3, end: 5 }))).toBe('345')
  })

  it('streams files of any size, from any byte to any other, and nothing that was not asked for', async () => {
    const file = join(dir, 'large')
    const content = randomBytes(3 * 65_536 + 7)
    await writeFile(file, content)
    const asset = (await fileAssets({ large: file }).find('large'))!
    for (const [start, end] of [
      [0, content.length - 1],
      [65_535, 65_536],
      [65_536, 131_071],
      [1, 196_607],
      [196_608, 196_614],
    ] as const) {
      expect(Buffer.compare(await buffer(await asset.open({ start, end })), content.subarray(start, end + 1))).toBe(0)
    }
    await (await asset.open()).cancel()
  })

  it('breaks off where a file was cut short', async () => {
    const file = join(dir, 'cut')
    await writeFile(file, randomBytes(200_000))
    const asset = (await fileAssets({ cut: file }).find('cut'))!
    const stream = await asset.open()
    await truncate(file, 100_000)
    await expect(buffer(stream)).rejects.toThrow('ended at 100000, want 200000 bytes')
  })

  it('changes its ETag with every change, and refuses to stream another content than announced', async () => {
    const file = join(dir, 'b')
    await writeFile(file, 'old!')
    const source = fileAssets({ b: file })
    const old = (await source.find('b'))!
    expect((await source.find('b'))!.etag).toBe(old.etag)
    await writeFile(join(dir, 'b.new'), 'new!')
    await rename(join(dir, 'b.new'), file)
    expect((await source.find('b'))!.etag).not.toBe(old.etag)
    await expect(old.open()).rejects.toThrow('was replaced')
  })

  it('knows nothing but what it was given', async () => {
    const source = fileAssets({ gone: join(dir, 'gone'), folder: dir })
    await symlink('/etc/hostname', join(dir, 'link'))
    for (const path of ['gone', 'folder', 'link', `${dir}/a`, '../a', 'constructor', '__proto__', 'toString']) {
      expect(await source.find(path), path).toBeUndefined()
    }
  })

  it('asks a function anew each time', async () => {
    let files: Record<string, string> = {}
    const source = fileAssets(() => files)
    const file = join(dir, 'c')
    await writeFile(file, 'c')
    expect(await source.find('c')).toBeUndefined()
    files = { c: file }
    expect((await source.find('c'))?.size).toBe(1)
  })
})

describe('foundFiles', () => {
  it('serves what the function names', async () => {
    const file = join(dir, 'd')
    await writeFile(file, 'd')
    const source = foundFiles((path) => (path === 'id/d' ? file : undefined))
    expect((await source.find('id/d'))?.size).toBe(1)
    expect(await source.find('id/e')).toBeUndefined()
  })
})

describe('firstOf', () => {
  it('asks one source after the other', async () => {
    const source = firstOf(memoryAssets({ a: '1' }), memoryAssets({ a: '22', b: '333' }))
    expect((await source.find('a'))?.size).toBe(1)
    expect((await source.find('b'))?.size).toBe(3)
    expect(await source.find('c')).toBeUndefined()
  })
})
