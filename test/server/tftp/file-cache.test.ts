import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FileCache } from '../../../server/tftp/file-cache.ts'
import type { ReadableFile } from '../../../server/tftp/source.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-cache-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('FileCache', () => {
  it('reads a file once, however many ask and under which name', async () => {
    const cache = new FileCache()
    const path = file('a', 'loader')
    symlinkSync(path, join(folder, 'link'))
    const [one, two, three] = await Promise.all([path, path, join(folder, 'link')].map((name) => cache.open(name)))
    expect(Buffer.from(one as Uint8Array).toString()).toBe('loader')
    expect(two).toBe(one)
    expect(three).toBe(one)
    expect(cache.bytes).toBe(6)
  })

  it('notices a file that was written anew', async () => {
    const cache = new FileCache()
    await cache.open(file('b', 'old'))
    // Change times have the resolution of the kernel's clock tick.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(Buffer.from((await cache.open(file('b', 'new'))) as Uint8Array).toString()).toBe('new')
  })

  it('stays within its bytes, and forgets what was unused for longest', async () => {
    const cache = new FileCache({ maxBytes: 10 })
    const [c, d, e] = [file('c', '1234'), file('d', '1234'), file('e', '1234')]
    const first = await cache.open(c)
    await cache.open(d)
    await cache.open(c)
    await cache.open(e)
    expect(cache.bytes).toBe(8)
    expect(await cache.open(c)).toBe(first)
  })

  it('reads large files in pieces, and holds nothing of them', async () => {
    const cache = new FileCache({ maxFileBytes: 3 })
    const found = (await cache.open(file('f', '0123456789'))) as ReadableFile
    expect([found.size, Buffer.from(await found.read(4, 2)).toString(), cache.bytes]).toEqual([10, '45', 0])
    truncateSync(join(folder, 'f'), 5)
    expect(await found.read(4, 6)).toHaveLength(1)
    found.close?.()
  })

  it('rejects for a file that is not there, and tries again later', async () => {
    const cache = new FileCache()
    const path = join(folder, 'g')
    await expect(cache.open(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(cache.open(folder)).rejects.toMatchObject({ code: 'EISDIR' })
    expect(cache.bytes).toBe(0)
    file('g', 'there')
    expect(await cache.open(path)).toHaveLength(5)
  })
})
