import { describe, expect, it } from 'vitest'
import type { Image, ImageProgress } from '../../../../server/contract/image.ts'
import { progressStream } from '../../../../server/http/api/progress-stream.ts'
import { OciError } from '../../../../server/oci/errors.ts'

const done = { type: 'done' as const, image: { reference: 'os/web:1' } as Image }
const signal = new AbortController().signal
const at = (bytes: number) => ({
  type: 'progress' as const,
  blob: 'sha256:a',
  bytes,
  totalBytes: 10,
  message: 'pulling',
})

async function lines(stream: ReadableStream<Uint8Array>): Promise<ImageProgress[]> {
  const text = await new Response(stream).text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ImageProgress)
}

describe('progressStream', () => {
  it('sends progress and then every image', async () => {
    const stream = progressStream(
      async (onProgress) => {
        await Promise.resolve()
        onProgress(at(5))
        return [done, done]
      },
      { signal },
    )
    expect(await lines(stream)).toEqual([at(5), done, done])
  })

  it('keeps only the newest progress for a slow reader', async () => {
    const stream = progressStream(
      (onProgress) => {
        for (let bytes = 0; bytes <= 10; bytes++) onProgress(at(bytes))
        return Promise.resolve([done])
      },
      { signal },
    )
    await Promise.resolve()
    expect(await lines(stream)).toEqual([at(10), done])
  })

  it('ends with the reason of a failure, and hides one nobody foresaw', async () => {
    const failed = (error: Error) => lines(progressStream(() => Promise.reject(error), { signal }))
    expect(await failed(new OciError('DIGEST_MISMATCH', 'got x, want y'))).toEqual([
      { type: 'failed', code: 'DIGEST_MISMATCH', message: 'got x, want y' },
    ])
    expect(await failed(new Error('secret path'))).toEqual([
      { type: 'failed', code: 'INTERNAL', message: expect.not.stringContaining('secret'), hint: expect.any(String) },
    ])
  })

  it('repeats the last progress when nothing moves', async () => {
    const work = Promise.withResolvers<(typeof done)[]>()
    const stream = progressStream(
      (onProgress) => {
        onProgress(at(3))
        return work.promise
      },
      { signal, repeatMs: 5 },
    ).getReader()
    const read = async () => new TextDecoder().decode((await stream.read()).value)
    expect([await read(), await read()]).toEqual([`${JSON.stringify(at(3))}\n`, `${JSON.stringify(at(3))}\n`])
    work.resolve([done])
    expect(await read()).toContain('"done"')
  })

  it('aborts the work when the reader goes away', async () => {
    let aborted = false
    const stream = progressStream(
      (_, stop) =>
        new Promise<never>((_, reject) =>
          stop.addEventListener('abort', () => ((aborted = true), reject(new Error('aborted')))),
        ),
      { signal },
    )
    await stream.cancel()
    expect(aborted).toBe(true)
  })
})
