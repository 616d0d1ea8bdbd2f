import { chmod, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chunksOf, digestOfFile, entriesBelow, openFolders, removeFolder } from '../../../server/media/files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-files-'))
})
afterEach(() => removeFolder(folder))

/** As unpacking leaves them. (Root may do all the same; for anybody else these tests are worth more.) */
async function readOnlyTree(): Promise<string> {
  const tree = join(folder, 'tree')
  await mkdir(join(tree, 'images/pxeboot'), { recursive: true })
  await writeFile(join(tree, 'images/pxeboot/vmlinuz'), 'kernel', { mode: 0o400 })
  for (const name of ['images/pxeboot', 'images', '.']) await chmod(join(tree, name), 0o555)
  return tree
}

describe('folders that nobody may write', () => {
  it('are opened', async () => {
    const tree = await readOnlyTree()
    await openFolders(tree)
    expect((await stat(join(tree, 'images/pxeboot'))).mode & 0o777).toBe(0o755)
    await rm(join(tree, 'images/pxeboot/vmlinuz'))
  })

  it('are removed, and so is what is not there', async () => {
    const tree = await readOnlyTree()
    await removeFolder(tree)
    await removeFolder(tree)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a folder', () => {
  it('has entries by their paths in it', async () => {
    const tree = await readOnlyTree()
    expect(await entriesBelow(tree)).toEqual(
      expect.arrayContaining([
        { path: 'images', type: 'directory' },
        { path: 'images/pxeboot/vmlinuz', type: 'file' },
      ]),
    )
  })
})

describe('a file', () => {
  it('is read to its end, in chunks, and hashed', async () => {
    const path = join(folder, 'a')
    await writeFile(path, Buffer.alloc(1_200_000, 'a'))
    await using file = await open(path)
    const sizes: number[] = []
    for await (const chunk of chunksOf(file)) sizes.push(chunk.length)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1_200_000)
    expect(sizes.length).toBeGreaterThan(1)
    const counted: number[] = []
    const digest = await digestOfFile(file, (count) => counted.push(count))
    expect(digest).toBe('sha256:f48d00cb89d8e79ada420b8bc839ee6c9d61b5b36b90e91b076d0fa641892c3e')
    expect(counted).toEqual(sizes)
  })
})
