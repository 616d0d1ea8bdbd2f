import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, call, fetchPicture, operate, problemOf } from '../../../web/src/api/client.ts'

afterEach(() => vi.unstubAllGlobals())

function answer(body: string, init: ResponseInit = {}): void {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, init)))
}

describe('a picture', () => {
  it('is something that a page can show, with its time', async () => {
    const bytes = Uint8Array.from({ length: 50_000 }, (_, at) => at % 251)
    const headers = { 'content-type': 'image/jpeg', 'last-modified': 'Sat, 31 Jan 2026 12:00:00 GMT' }
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(bytes, { headers })))
    expect(await fetchPicture('/x')).toEqual({
      url: `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`,
      extension: 'jpeg',
      takenAt: '2026-01-31T12:00:00.000Z',
    })
  })

  it('may be refused, with a certificate that is to be confirmed', async () => {
    const problem = { code: 'BMC_CERTIFICATE_UNKNOWN', detail: 'who is it', certificate: 'ab' }
    answer(JSON.stringify(problem), { status: 409 })
    await expect(fetchPicture('/x')).rejects.toMatchObject({ code: problem.code, certificate: 'ab' })
  })
})

describe('a call', () => {
  it('resolves with the JSON, or with nothing', async () => {
    answer('{"a":1}')
    expect(await call('GET', '/x')).toEqual({ a: 1 })
    answer('')
    expect(await call('DELETE', '/x')).toBeUndefined()
  })

  it("throws the server's problem", async () => {
    const problem = {
      code: 'CONFLICT',
      detail: 'there is one',
      hint: 'take another',
      errors: [{ path: 'name', message: 'is taken' }],
    }
    answer(JSON.stringify(problem), { status: 409 })
    const error = await call('POST', '/x', {}).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      status: 409,
      code: 'CONFLICT',
      hint: 'take another',
      message: 'there is one\nname: is taken',
    })
  })

  it('says so when nobody answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    await expect(call('GET', '/x')).rejects.toMatchObject({ status: 0, code: 'UNREACHABLE' })
  })

  it('survives answers of others', () => {
    expect(problemOf(502, '<html>Bad gateway</html>')).toMatchObject({
      code: 'UNEXPECTED',
      message: 'the server answered 502',
    })
  })
})

describe('an operation', () => {
  it('hands over each line, however the answer is cut', async () => {
    const parts = ['{"n":1}\n{"n"', ':2}\n', '{"n":3}']
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    })
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(stream)))
    const lines: unknown[] = []
    await operate('/x', {}, (line) => lines.push(line))
    expect(lines).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })
})
