import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sendFile } from '../../../../server/oci/registry/send-file.ts'

const BYTES = randomBytes(700_000)

let folder: string
let file: FileHandle

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-send-'))
  await writeFile(join(folder, 'file'), BYTES)
  file = await open(join(folder, 'file'))
})
afterEach(async () => {
  await file.close()
  await rm(folder, { recursive: true })
})

describe('sendFile', () => {
  it.each([
    [0, 699_999],
    [0, 0],
    [262_143, 262_144],
    [699_000, 699_999],
  ])('sends bytes %d to %d', async (start, end) => {
    expect((await sent(start, end)).equals(BYTES.subarray(start, end + 1))).toBe(true)
  })

  it('does not write into a block that is still on its way', async () => {
    expect((await sent(0, BYTES.length - 1, 5)).equals(BYTES)).toBe(true)
  })

  it('cuts the connection when the file is shorter than promised', async () => {
    const out = new PassThrough()
    out.resume()
    await expect(sendFile(file, 0, 800_000, out)).rejects.toThrow('ends at 700000')
    expect(out.destroyed).toBe(true)
  })

  it('ends when the reader goes away', async () => {
    const out = new PassThrough({ highWaterMark: 1 })
    setTimeout(() => out.destroy(), 20)
    await expect(sendFile(file, 0, BYTES.length - 1, out)).resolves.toBeUndefined()
  })
})

/** What arrives at a reader that takes so long for each chunk. */
async function sent(start: number, end: number, delayMs = 0): Promise<Buffer> {
  const seen: Buffer[] = []
  const out = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      setTimeout(() => {
        seen.push(Buffer.from(chunk))
        done()
      }, delayMs)
    },
  })
  await sendFile(file, start, end, out)
  return Buffer.concat(seen)
}
