import { PassThrough, Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { eachChunk } from '../../../server/oci/each-chunk.ts'

const chunks = () => Readable.from(['a', 'b', 'c'].map(Buffer.from), { objectMode: false })

describe('eachChunk', () => {
  it('gives each chunk, and resolves at the end', async () => {
    const taken: string[] = []
    await eachChunk(chunks(), (chunk) => void taken.push(String(chunk)))
    expect(taken).toEqual(['a', 'b', 'c'])
  })

  it('gives no other chunk while one is being taken', async () => {
    const taken: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = eachChunk(chunks(), (chunk) => {
      taken.push(String(chunk))
      return taken.length === 2 ? promise : undefined
    })
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(taken).toEqual(['a', 'b'])
    resolve()
    await done
    expect(taken).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['at once', () => expect.fail('no room')],
    ['later', () => Promise.reject(new Error('no room'))],
  ])('rejects when a chunk is refused %s, and leaves the source as it is', async (_, refuse) => {
    const source = chunks()
    const taken: string[] = []
    const done = eachChunk(source, (chunk) => {
      taken.push(String(chunk))
      return taken.length === 2 ? refuse() : undefined
    })
    await expect(done).rejects.toThrow('no room')
    expect([taken, source.destroyed, source.isPaused()]).toEqual([['a', 'b'], false, true])
    expect(String(await source.toArray())).toBe('c')
  })

  it('rejects with what the source ended by, before or meanwhile', async () => {
    const before = new PassThrough().on('error', () => {})
    before.destroy(new Error('gone'))
    await expect(eachChunk(before, () => undefined)).rejects.toThrow('gone')
    const source = new PassThrough()
    const done = eachChunk(source, () => void source.destroy(new Error('gone')))
    source.write('a')
    await expect(done).rejects.toThrow('gone')
  })

  it('rejects when the source closes before its end', async () => {
    const source = new PassThrough()
    const done = eachChunk(source, () => undefined)
    source.destroy()
    await expect(done).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
  })
})
