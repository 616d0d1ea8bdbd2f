// The image store: look, pull from a registry, take in an archive, remove.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { Image, ImageProgress, PrefetchRequest, PullRequest } from '../../contract/image.ts'
import { CheckLine, CheckRequest, CollectLine, CollectRequest, ImageRoom } from '../../contract/image-upkeep.ts'
import type { UpkeepProgress } from '../../contract/image-upkeep.ts'
import { TrustPolicyView } from '../../contract/trust.ts'
import { CoreError } from '../../core/errors.ts'
import type { Logger } from '../../observe/logger.ts'
import { formatReference, parseLocalReference, parseRemoteReference } from '../../oci/reference.ts'
import type { HttpEnv } from '../context.ts'
import { jsonBody } from '../middleware/request-body.ts'
import type { OnImageProgress, Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { evictionOf } from '../registry-ports.ts'
import { body, conflict, json, list, needs, notFound, nothing, refusals } from './operation.ts'
import { progressAnswer } from './progress-stream.ts'
import { uploadOf } from './upload.ts'

const tags = ['images']
const ReferenceParameter = z.strictObject({
  reference: z.string().describe('repository:tag, percent-encoded; repository@digest where something is removed'),
})

const progress = {
  description: 'progress as NDJSON; the last line is `done` or `failed`',
  content: { 'application/x-ndjson': { schema: ImageProgress } },
}

const listImages = createRoute({
  method: 'get',
  path: '/images',
  tags,
  summary: 'All images, by reference',
  ...needs('viewer', 'shared'),
  responses: { 200: json(list(Image), 'images'), ...refusals },
})

const listPolicies = createRoute({
  method: 'get',
  path: '/trust',
  tags,
  summary: 'Who has to sign which images; the first pattern that fits a repository counts',
  ...needs('viewer', 'shared'),
  responses: { 200: json(list(TrustPolicyView), 'policies'), ...refusals },
})

const getRoom = createRoute({
  method: 'get',
  path: '/image-room',
  tags,
  summary: 'Room that images take, how much they may, and what went last to make some for others',
  ...needs('viewer', 'shared'),
  responses: { 200: json(ImageRoom, 'the room'), ...refusals },
})

const pullImage = createRoute({
  method: 'post',
  path: '/images/pull',
  tags,
  summary: 'Copy an image from a registry',
  ...needs('operator', 'site'),
  request: { body: body(PullRequest) },
  responses: { 200: progress, ...refusals },
})

const prefetchImage = createRoute({
  method: 'post',
  path: '/images/prefetch',
  tags,
  summary: 'Fetch all layers of an image below the prefix of an upstream',
  ...needs('operator', 'site'),
  request: { body: body(PrefetchRequest) },
  responses: { 200: progress, ...refusals },
})

const importImage = createRoute({
  method: 'post',
  path: '/images/import',
  tags,
  summary: 'Take in a tar of an OCI image layout',
  ...needs('operator', 'site'),
  request: {
    query: z.strictObject({ as: z.string().min(1).max(1000).optional().describe('what to call it: repository:tag') }),
    body: { content: { 'application/x-tar': { schema: z.any().describe('tar, also gzip or zstd') } } },
  },
  responses: { 200: progress, ...refusals },
})

const getImage = createRoute({
  method: 'get',
  path: '/images/{reference}',
  tags,
  summary: 'One image: platforms, layers, labels',
  ...needs('viewer', 'shared'),
  request: { params: ReferenceParameter },
  responses: { 200: json(Image, 'the image'), ...refusals, ...notFound },
})

const deleteImage = createRoute({
  method: 'delete',
  path: '/images/{reference}',
  tags,
  summary: 'Remove a tag, or a manifest by its digest; bytes go with the next garbage collection',
  ...needs('operator', 'site'),
  request: { params: ReferenceParameter },
  responses: { 204: nothing, ...refusals, ...notFound, ...conflict },
})

const lines = <T extends z.ZodType>(schema: T) => ({
  description: 'progress as NDJSON; the last line is `done` with the report, or `failed`',
  content: { 'application/x-ndjson': { schema } },
})

const collectGarbage = createRoute({
  method: 'post',
  path: '/images/gc',
  tags,
  summary: 'Remove what no tag, machine or install needs',
  ...needs('operator', 'site'),
  request: { body: body(CollectRequest) },
  responses: { 200: lines(CollectLine), ...refusals },
})

const checkImages = createRoute({
  method: 'post',
  path: '/images/fsck',
  tags,
  summary: 'Read all images again and compare them with their digests',
  ...needs('operator', 'site'),
  request: { body: body(CheckRequest) },
  responses: { 200: lines(CheckLine), ...refusals },
})

/** `stopping` aborts operations under way. */
export function imageRoutes(
  { images, prefetch, upkeep, trust, events }: Services,
  { stopping, logger }: { stopping: AbortSignal; logger: Logger },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.on('POST', ['/images/pull', '/images/prefetch', '/images/gc', '/images/fsck'], jsonBody)

  app.openapi(listImages, async (c) => c.json({ items: await images.list() }, 200))
  app.openapi(listPolicies, (c) => c.json({ items: trust.policies() }, 200))
  app.openapi(getRoom, (c) => {
    const evicted = events
      .recent({ types: ['image.evicted'], limit: MAX_EVICTED })
      .flatMap((one) => evictionOf(one) ?? [])
    return c.json({ ...upkeep.room(), evicted }, 200)
  })
  app.openapi(pullImage, (c) => {
    const request = c.req.valid('json')
    parseRemoteReference(request.reference)
    if (request.as !== undefined) parseLocalReference(request.as)
    return operate(c, `pulled from ${request.reference}`, async (onProgress, signal) => [
      await images.pull(request, onProgress, signal),
    ])
  })
  app.openapi(prefetchImage, (c) => {
    const { reference } = c.req.valid('json')
    parseLocalReference(reference)
    return progressAnswer(c, { stopping, logger }, async (onProgress: OnImageProgress, signal) => [
      { type: 'done', image: await prefetch.fetch(reference, onProgress, signal) } as const,
    ])
  })
  app.openapi(importImage, (c) => {
    const { as } = c.req.valid('query')
    // Now rather than after gigabytes have come in.
    if (as !== undefined) parseLocalReference(as)
    const archive = uploadOf(c, 'a tar')
    return operate(c, 'imported', (onProgress, signal) => images.importArchive(archive, as, onProgress, signal))
  })
  app.openapi(getImage, async (c) => {
    const { repository, tag } = named(c.req.valid('param').reference)
    const image = await images.get(repository, tag)
    if (!image) throw unknownImage(formatReference({ repository, tag }))
    return c.json(image, 200)
  })
  app.openapi(deleteImage, async (c) => {
    const parsed = parseLocalReference(c.req.valid('param').reference)
    const removed = parsed.digest ?? parsed.tag ?? 'latest'
    const reference = formatReference(parsed.digest ? parsed : { ...parsed, tag: removed })
    if (!(await images.remove(parsed.repository, removed))) throw unknownImage(reference)
    const message = `image ${reference} was removed`
    events.append({ type: 'image.removed', actor: c.var.caller.actor, message, data: { reference } })
    return c.body(null, 204)
  })
  app.openapi(collectGarbage, (c) => {
    const { dryRun = false } = c.req.valid('json')
    return keepUp(c, (options) => upkeep.collect({ ...options, dryRun }))
  })
  app.openapi(checkImages, (c) => {
    const { repair = false } = c.req.valid('json')
    return keepUp(c, (options) => upkeep.check({ ...options, repair }))
  })
  return app

  function keepUp<Report>(
    c: Context<HttpEnv>,
    work: (options: { onProgress: (done: number, total: number) => void; signal: AbortSignal }) => Promise<Report>,
  ): never {
    return progressAnswer(c, { stopping, logger }, async (tell: (progress: UpkeepProgress) => void, signal) => {
      let told = 0
      const onProgress = (done: number, total: number): void => {
        if (Date.now() - told < PROGRESS_MS) return
        told = Date.now()
        tell({ type: 'progress', done, total })
      }
      return [{ type: 'done', report: await work({ onProgress, signal }) } as const]
    })
  }

  function operate(
    c: Context<HttpEnv>,
    how: string,
    work: (onProgress: OnImageProgress, signal: AbortSignal) => Promise<Image[]>,
  ): never {
    const { actor } = c.var.caller
    return progressAnswer(c, { stopping, logger }, async (onProgress: OnImageProgress, signal) => {
      const added = await work(onProgress, signal)
      for (const { reference, digest } of added) {
        const message = `image ${reference} was ${how}`
        events.append({ type: 'image.added', actor, message, data: { reference, digest } })
      }
      return added.map((image) => ({ type: 'done', image }) as const)
    })
  }
}

/** How often progress is told. */
const PROGRESS_MS = 250
const MAX_EVICTED = 50

function named(reference: string): { repository: string; tag: string } {
  const { repository, tag = 'latest', digest } = parseLocalReference(reference)
  if (digest !== undefined) throw new HttpProblem(400, 'VALIDATION', 'images are named by repository:tag here')
  return { repository, tag }
}

export function unknownImage(reference: string, what = ''): CoreError {
  return new CoreError('IMAGE_NOT_FOUND', `there is no image ${reference}${what}`, {
    hint: '`landfall image list` shows them all',
  })
}
