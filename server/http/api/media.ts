// Boot media: look, bring an ISO in, check, remove.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Media, MediaId, MediaProgress } from '../../contract/media.ts'
import type { Logger } from '../../observe/logger.ts'
import type { OnMediaProgress } from '../../media/media-library.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { conflict, json, list, needs, notFound, nothing, refusals } from './operation.ts'
import { progressAnswer } from './progress-stream.ts'
import { uploadOf } from './upload.ts'

const tags = ['media']
const MediaParameter = z.strictObject({ id: MediaId })

const progress = {
  description: 'progress as NDJSON; the last line is `done` or `failed`',
  content: { 'application/x-ndjson': { schema: MediaProgress } },
}

const listMedia = createRoute({
  method: 'get',
  path: '/media',
  tags,
  summary: 'All boot media, by id',
  ...needs('viewer', 'shared'),
  responses: { 200: json(list(Media), 'boot media'), ...refusals },
})

const importMedia = createRoute({
  method: 'post',
  path: '/media/import',
  tags,
  summary: 'Take in an installer ISO',
  ...needs('operator', 'site'),
  request: {
    query: z.strictObject({
      name: z
        .string()
        .trim()
        .regex(/^\P{Cc}{1,100}$/u, 'must be 1 to 100 printable characters')
        .optional()
        .describe('what to call it; by default product, version and architecture'),
    }),
    body: { content: { 'application/octet-stream': { schema: z.any().describe('the ISO') } } },
  },
  responses: { 200: progress, ...refusals },
})

const getMedia = createRoute({
  method: 'get',
  path: '/media/{id}',
  tags,
  summary: 'One boot medium: what it is, its files',
  ...needs('viewer', 'shared'),
  request: { params: MediaParameter },
  responses: { 200: json(Media, 'the medium'), ...refusals, ...notFound },
})

const verifyMedia = createRoute({
  method: 'post',
  path: '/media/{id}/verify',
  tags,
  summary: 'Read ISO and files again and compare them with what was imported',
  ...needs('operator', 'site'),
  request: { params: MediaParameter },
  responses: { 200: progress, ...refusals, ...notFound },
})

const deleteMedia = createRoute({
  method: 'delete',
  path: '/media/{id}',
  tags,
  summary: 'Remove a boot medium and its files',
  ...needs('operator', 'site'),
  request: {
    params: MediaParameter,
    query: z.strictObject({
      force: z.enum(['true', 'false']).default('false').describe('also when profiles or machines name it'),
    }),
  },
  responses: { 204: nothing, ...refusals, ...notFound, ...conflict },
})

/** `stopping` aborts operations under way. */
export function mediaRoutes(
  { media, events }: Services,
  operation: { stopping: AbortSignal; logger: Logger },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listMedia, (c) => c.json({ items: media.list() }, 200))
  app.openapi(importMedia, (c) => {
    const { name } = c.req.valid('query')
    const { actor } = c.var.caller
    const length = Number(c.req.header('content-length'))
    const input = { source: uploadOf(c, 'an ISO'), name, expectedBytes: Number.isSafeInteger(length) ? length : 0 }
    return progressAnswer(c, operation, async (onProgress: OnMediaProgress, signal) => {
      const added = await media.import(input, onProgress, signal)
      const { id, product, version, digest } = added
      const message = `boot medium ${id} (${product} ${version}) was imported`
      events.append({ type: 'media.imported', actor, message, data: { id, digest } })
      return [{ type: 'done', media: added } as const]
    })
  })
  app.openapi(getMedia, (c) => c.json(media.get(c.req.valid('param').id), 200))
  app.openapi(verifyMedia, (c) => {
    const { id } = c.req.valid('param')
    media.get(id)
    return progressAnswer(c, operation, async (onProgress: OnMediaProgress, signal) => [
      { type: 'done', media: await media.verify(id, onProgress, signal) } as const,
    ])
  })
  app.openapi(deleteMedia, async (c) => {
    const { id } = c.req.valid('param')
    await media.remove(id, { force: c.req.valid('query').force === 'true' })
    events.append({
      type: 'media.removed',
      actor: c.var.caller.actor,
      message: `boot medium ${id} was removed`,
      data: { id },
    })
    return c.body(null, 204)
  })
  return app
}
