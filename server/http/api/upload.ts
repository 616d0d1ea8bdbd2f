// Bodies too large to be held: streams to whoever stores them.
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import type { HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'

/**
 * The upload as it arrives: from the socket itself, or from the request of a test in memory. Whoever stops reading early may: what is left is
 * discarded instead of cutting the connection, on which the reason still has to be told. `what` is for the refusal of an empty one.
 */
export function uploadOf(c: Context<HttpEnv>, what: string): Readable {
  if (c.env?.incoming) return Readable.from(discardingRest(c.env.incoming), { objectMode: false })
  const { body: stream } = c.req.raw
  if (!stream)
    throw new HttpProblem(400, 'BODY_INVALID', 'the request has no body', { hint: `send ${what} as the body` })
  return Readable.fromWeb(stream)
}

async function* discardingRest(incoming: Readable): AsyncGenerator<Buffer> {
  try {
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } finally {
    incoming.resume()
  }
}
