// What bodies are taken at all: JSON, of bounded size.
import type { Context, MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { z } from 'zod'
import { HttpProblem } from '../problem.ts'

/**
 * Refuses bodies over `maxBytes` with 413, before or while reading. Hono's own limit cannot be used: it copies the request by a
 * constructor that refuses the listener's light request objects.
 */
export function limitedBody(maxBytes: number): MiddlewareHandler {
  const tooLarge = () => new HttpProblem(413, 'BODY_TOO_LARGE', `the request's body is larger than ${maxBytes} bytes`)
  return createMiddleware(async (c, next) => {
    // RFC 9112 section 6.3: without a length, a request has a body only if its transfer encoding says so.
    const length = c.req.header('content-length')
    if (c.req.header('transfer-encoding') === undefined) {
      if (Number(length ?? 0) > maxBytes) throw tooLarge()
    } else if (c.req.raw.body) {
      const { method, headers, body } = c.req.raw
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of body) {
        size += chunk.length
        if (size > maxBytes) throw tooLarge()
        chunks.push(chunk)
      }
      c.req.raw = new Request(c.req.url, { method, headers, body: Buffer.concat(chunks) })
    }
    await next()
  })
}

/**
 * Refuses a body that is not declared as JSON with 415: a schema whose fields are all optional would take it for an empty
 * object. It also keeps out HTML forms of other sites, which cannot send this type.
 */
export const jsonBody: MiddlewareHandler = createMiddleware(async (c, next) => {
  const hasBody = (c.req.header('content-length') ?? '0') !== '0' || c.req.header('transfer-encoding') !== undefined
  const type = c.req.header('content-type') ?? ''
  if (hasBody && !/^application\/json\s*(;|$)/i.test(type)) {
    throw new HttpProblem(
      415,
      'MEDIA_TYPE',
      `the body's type is ${type === '' ? 'not given' : type}, want application/json`,
    )
  }
  await next()
})

/** The body, checked. Throws BODY_INVALID, or ZodError naming the fields. */
export async function readJson<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  let value: unknown
  try {
    value = await c.req.json()
  } catch (cause) {
    if (cause instanceof HttpProblem) throw cause
    throw new HttpProblem(400, 'BODY_INVALID', 'the body is not JSON', { cause })
  }
  return schema.parse(value)
}
