// What bodies are taken at all: JSON, of bounded size.
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { HttpProblem } from '../problem.ts'

/** Refuses bodies over `maxBytes` with 413, before or while reading. */
export function limitedBody(maxBytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new HttpProblem(413, 'BODY_TOO_LARGE', `the request's body is larger than ${maxBytes} bytes`)
    },
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
