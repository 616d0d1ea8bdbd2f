import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UploadFile } from '../../../server/oci/upload-file.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-upload-'))
  path = join(folder, 'file')
  await writeFile(path, 'before')
})
afterEach(() => rm(folder, { recursive: true }))

/** With a buffer of its own, as Node's HTTP parser makes them. */
const own = (bytes: Uint8Array) => new Uint8Array(bytes)

describe('UploadFile', () => {
  it('appends everything in order, waited for or not, and tells how far it is', async () => {
    const bytes = randomBytes(20_000_000)
    const ends: number[] = []
    const file = new UploadFile(await open(path, 'r+'), 6, (end) => ends.push(end))
    let waits = 0
    for (let at = 0; at < bytes.length; at += 70_000) {
      const room = file.append(own(bytes.subarray(at, at + 70_000)))
      if (!room) continue
      waits++
      await room
    }
    await file.close()
    const written = await readFile(path)
    expect(written.equals(Buffer.concat([Buffer.from('before'), bytes]))).toBe(true)
    expect(waits).toBeGreaterThan(1)
    expect(ends.length).toBeGreaterThan(2)
    expect(ends.at(-1)).toBe(20_000_006)
    expect(ends.toSorted((a, b) => a - b)).toEqual(ends)
  })

  it('ends when all is written, also what still waits for room', async () => {
    const bytes = randomBytes(1_200_000)
    const ends: number[] = []
    const file = new UploadFile(await open(path, 'r+'), 0, (end) => ends.push(end))
    const room = [0, 600_000].map((at) => file.append(own(bytes.subarray(at, at + 600_000))))
    expect(room.map(Boolean)).toEqual([false, true])
    await file.close()
    expect([...new Set(ends)]).toEqual([600_000, 1_200_000])
    expect((await readFile(path)).equals(bytes)).toBe(true)
  })

  it('frees what it was given, but not a part of something else', async () => {
    const whole = own(randomBytes(1000))
    const around = own(randomBytes(1000))
    const file = new UploadFile(await open(path, 'r+'), 6, () => {})
    void file.append(whole)
    void file.append(around.subarray(10, 20))
    await file.close()
    expect([whole.length, around.length]).toEqual([0, 1000])
  })

  it('rejects when it cannot write, each time, and closes the file', async () => {
    const readOnly = await open(path, 'r')
    const file = new UploadFile(readOnly, 6, () => expect.fail('nothing was written'))
    const large = () => own(randomBytes(600_000))
    expect(file.append(large())).toBeUndefined()
    await expect(file.append(large())).rejects.toMatchObject({ code: 'EBADF' })
    await expect(file.append(large())).rejects.toMatchObject({ code: 'EBADF' })
    await expect(file.close()).rejects.toMatchObject({ code: 'EBADF' })
    expect(readOnly.fd).toBe(-1)
  })
})
