import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskImageError } from '../../../server/disk-image/errors.ts'
import { checkOutput, openOutput } from '../../../server/disk-image/output.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-image-output-'))
  file = join(folder, 'web.qcow2')
})
afterEach(() => rm(folder, { recursive: true }))

describe('checkOutput', () => {
  it('accepts a new file, and one that is there only by force', async () => {
    await checkOutput(file, false)
    await writeFile(file, 'old')
    await expect(checkOutput(file, false)).rejects.toThrowWithCode(DiskImageError, 'OUTPUT_EXISTS')
    await checkOutput(file, true)
    expect(await readFile(file, 'utf8')).toBe('old')
  })

  it('refuses folders, also those that are not there', async () => {
    await expect(checkOutput(folder, true)).rejects.toThrowWithCode(DiskImageError, 'OUTPUT_UNWRITABLE')
    await expect(checkOutput(join(folder, 'no/x'), true)).rejects.toThrowWithCode(DiskImageError, 'OUTPUT_UNWRITABLE')
  })
})

describe('openOutput', () => {
  it('puts the finished file in place and leaves nothing else', async () => {
    {
      await using output = await openOutput(file, false)
      const made = join(output.workFolder, 'disk.qcow2')
      await writeFile(made, 'new')
      await writeFile(join(output.workFolder, 'console.log'), '')
      await output.publish(made)
    }
    expect(await readdir(folder)).toEqual(['web.qcow2'])
    expect(await readFile(file, 'utf8')).toBe('new')
  })

  it('leaves nothing behind, and the old file alone, when nothing was published', async () => {
    await writeFile(file, 'old')
    {
      await using output = await openOutput(file, false)
      await writeFile(join(output.workFolder, 'disk.raw'), 'half')
    }
    expect(await readdir(folder)).toEqual(['web.qcow2'])
    expect(await readFile(file, 'utf8')).toBe('old')
  })

  it('replaces a file only by force, also one that came while it worked', async () => {
    await using output = await openOutput(file, false)
    const made = join(output.workFolder, 'disk.qcow2')
    await writeFile(made, 'new')
    await writeFile(file, 'old')
    await expect(output.publish(made)).rejects.toThrowWithCode(DiskImageError, 'OUTPUT_EXISTS')
    expect(await readFile(file, 'utf8')).toBe('old')
    await using forced = await openOutput(file, true)
    await forced.publish(made)
    expect(await readFile(file, 'utf8')).toBe('new')
  })

  it('removes what killed builds left, and no folder of others', async () => {
    const [dead, other] = ['.landfall-disk-image-999999999-1-0-a.raw', 'landfall-disk-image-notes']
    for (const name of [dead, other]) await mkdir(join(folder, name))
    await using first = await openOutput(file, false)
    await using second = await openOutput(file, false)
    const names = await readdir(folder)
    expect(names).not.toContain(dead)
    expect(names).toHaveLength(3)
    expect(first.workFolder).not.toBe(second.workFolder)
  })
})
