// The checksum computed while an ISO is written; the real programs come in test/interop/iso.test.ts.
import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeChecksummed } from '../../../boot-assets/iso/checksummed-file.ts'
import { MediaError } from '../../../server/media/errors.ts'
import { implantMd5 } from '../../../server/media/implanted-md5.ts'
import { descriptor } from '../../helpers/fake-iso.ts'

const SECTORS = 700
const DESCRIPTOR = 32_768

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checksummed-'))
  path = join(folder, 'a.iso')
})
afterEach(() => rm(folder, { recursive: true }))

function image(): Buffer {
  const bytes = Buffer.alloc(SECTORS * 2048, 'not the same in any two sectors, thanks to its length')
  descriptor('TEST', SECTORS).copy(bytes, DESCRIPTOR)
  return bytes
}

/** As implanted when all of it is there. */
async function expected(bytes: Buffer): Promise<Buffer> {
  const whole = join(folder, 'whole.iso')
  await writeFile(whole, bytes)
  await using file = await open(whole, 'r+')
  await implantMd5(file)
  return readFile(whole)
}

async function append(bytes: Buffer, pieces: readonly number[]): Promise<void> {
  let at = 0
  for (const size of [...pieces, bytes.length]) {
    await appendFile(path, bytes.subarray(at, at + size))
    at += size
    await sleep(8)
  }
}

describe('writeChecksummed', () => {
  it.each<[string, number[]]>([
    ['at once', []],
    ['in pieces of any size', [1, 32_767, 5000, 40_000, 1_000_001]],
    ['with its descriptor late', [DESCRIPTOR + 900]],
  ])('implants what implanting afterwards does, when it is written %s', async (_, pieces) => {
    const bytes = image()
    await writeChecksummed(path, () => append(bytes, pieces))
    expect((await readFile(path)).equals(await expected(bytes))).toBe(true)
  })

  it('takes no notice of an older checksum, which says what it did not cover', async () => {
    const old = (await expected(image())).toString('latin1').replace('SKIPSECTORS = 15;', 'SKIPSECTORS = 99;')
    await writeChecksummed(path, () => append(Buffer.from(old, 'latin1'), []))
    expect((await readFile(path)).equals(await expected(image()))).toBe(true)
  })

  it('tells how far it is', async () => {
    const seen: number[] = []
    await writeChecksummed(path, () => append(image(), [500_000]), { onBytes: (bytes) => seen.push(bytes) })
    expect(seen.at(-1)).toBe(SECTORS * 2048)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  it('throws what the writing throws, although there is no ISO either', async () => {
    const fail = async () => {
      await append(image(), [100])
      throw new Error('out of paper')
    }
    await expect(writeChecksummed(path, fail)).rejects.toThrow('out of paper')
  })

  it('refuses what ends before its own length', async () => {
    const cut = image().subarray(0, 900_000)
    await expect(writeChecksummed(path, () => append(cut, []))).rejects.toThrowWithCode(MediaError, 'ISO_CUT_SHORT')
  })

  it('ends the writing when it is called off, and waits for its end', async () => {
    const stop = new AbortController()
    let ended = false
    const endless = async (signal: AbortSignal) => {
      await append(image(), [])
      while (!signal.aborted) await sleep(2)
      await sleep(20)
      ended = true
      signal.throwIfAborted()
    }
    const written = writeChecksummed(path, endless, { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(written).rejects.toThrow('enough')
    expect(ended).toBe(true)
  })
})
