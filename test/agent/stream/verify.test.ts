import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { VerifiedChunks } from '../../../boot-assets/agent/stream/verify.ts'

const content = Buffer.from('what the descriptor promised')
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5)
}

function verified(bytes: Buffer, size = content.length, want = digest): VerifiedChunks {
  return new VerifiedChunks(chunks(bytes), { digest: want, size })
}

describe('verifying a blob', () => {
  it('passes what was promised', async () => {
    const got: Buffer[] = []
    for await (const chunk of verified(content)) got.push(chunk)
    expect(Buffer.concat(got).equals(content)).toBe(true)
  })

  it.each([
    ['longer', 'SIZE_MISMATCH', Buffer.concat([content, Buffer.from('!')])],
    ['shorter', 'SIZE_MISMATCH', content.subarray(1)],
    ['different', 'DIGEST_MISMATCH', Buffer.from(content).fill('x', 3, 4)],
  ])('refuses a blob that is %s', async (_, code, bytes) => {
    await expect(verified(bytes).drain()).rejects.toThrowWithCode(StreamError, code)
  })

  it('can be drained after a loop was left early', async () => {
    const blob = verified(content)
    for await (const _ of blob) break
    await blob.drain()
    expect(blob.bytes).toBe(content.length)
    await blob.drain()
  })

  it.each([
    ['fine', content, undefined],
    ['different', Buffer.from(content).fill('x', 3, 4), 'DIGEST_MISMATCH'],
  ])('tells two who read at a time the same: a blob that is %s', async (_, bytes, code) => {
    const blob = verified(bytes)
    const results = await Promise.allSettled([blob.drain(), blob.drain()])
    const codes = results.map((result) =>
      result.status === 'rejected' ? (result.reason as StreamError).code : undefined,
    )
    expect(codes).toEqual([code, code])
  })

  it('stops reading a blob that never ends', async () => {
    let yielded = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        yielded++
        yield Buffer.alloc(1000)
      }
    }
    const blob = new VerifiedChunks(endless(), { digest, size: 5000 })
    await expect(blob.drain()).rejects.toThrowWithCode(StreamError, 'SIZE_MISMATCH')
    expect(yielded).toBe(6)
  })

  it('refuses digests it cannot check', () => {
    expect(() => verified(content, 1, 'md5:00')).toThrowWithCode(StreamError, 'DIGEST_MISMATCH')
  })
})
