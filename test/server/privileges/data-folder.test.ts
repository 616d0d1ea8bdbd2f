// Owners are changed here, so that most of it needs root.
import { chownSync, linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkOwner, giveFolder, makeFolder, ownerOf } from '../../../server/privileges/data-folder.ts'

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0

let folder: string
let data: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-data-'))
  data = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true }))

const owner = (...path: string[]) => lstatSync(join(folder, ...path)).uid

function fill(): void {
  mkdirSync(join(data, 'oci/blobs'), { recursive: true })
  mkdirSync(join(data, 'boot'))
  writeFileSync(join(folder, 'outside'), '')
  for (const name of ['landfall.db', 'oci/blobs/one']) writeFileSync(join(data, name), '')
  symlinkSync(join(folder, 'outside'), join(data, 'link'))
  linkSync(join(folder, 'outside'), join(data, 'boot/shared'))
}

it('a folder that is not there has no owner', async () => {
  expect(await ownerOf(data)).toBeUndefined()
})

describe.skipIf(!isRoot)('the data folder', () => {
  it('is made for its user alone', async () => {
    await makeFolder(join(data, 'deep'), NOBODY)
    expect(lstatSync(join(data, 'deep'))).toMatchObject({ uid: NOBODY.uid, mode: 0o40_700 })
    expect(lstatSync(data)).toMatchObject({ uid: 0, mode: 0o40_755 })
  })

  it('changes hands as a whole; what it shares with others, and what links lead to, does not', async () => {
    fill()
    expect(await giveFolder(data, NOBODY)).toBe(7)
    for (const name of ['', 'landfall.db', 'oci', 'oci/blobs', 'oci/blobs/one', 'boot', 'link']) {
      expect(owner('data', name), name).toBe(NOBODY.uid)
    }
    expect([owner('outside'), owner('data/boot/shared')]).toEqual([0, 0])
    await checkOwner(data, NOBODY)
  })

  it('is refused while something in it is somebody else’s, by name and with the next step', async () => {
    fill()
    await giveFolder(data, NOBODY)
    chownSync(join(data, 'landfall.db'), 0, 0)
    await expect(checkOwner(data, NOBODY)).rejects.toMatchObject({
      code: 'FOREIGN_FILES',
      message: expect.stringContaining('landfall.db does not belong to nobody'),
      hint: expect.stringContaining(`chown -Rh nobody: ${data}`),
    })
  })

  it('may be a file system of its own', async () => {
    fill()
    mkdirSync(join(data, 'lost+found'))
    await giveFolder(data, NOBODY)
    expect(owner('data/lost+found')).toBe(0)
    await checkOwner(data, NOBODY)
  })
})
