// The image store: look, pull from a registry, take in an archive, remove.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { Image, ImageProgress, PullRequest } from '../../contract/image.ts'
import { TrustPolicyView } from '../../contract/trust.ts'
import { CoreError } from '../../core/errors.ts'
import type { Logger } from '../../observe/logger.ts'
import { parseLocalReference, parseRemoteReference } from '../../oci/reference.ts'
import type { HttpEnv } from '../context.ts'
import { jsonBody } from '../middleware/request-body.ts'
import type { OnImageProgress, Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { body, json, list, needs, notFound, nothing, refusals } from './operation.ts'
import { progressAnswer } from './progress-stream.ts'
import { uploadOf } from './upload.ts'

const tags = ['images']
const ReferenceParameter = z.strictObject({ reference: z.string().describe('repository:tag, percent-encoded') })

const progress = {
  description: 'progress as NDJSON; the last line is `done` or `failed`',
  content: { 'application/x-ndjson': { schema: ImageProgress } },
}

const listImages = createRoute({
  method: 'get',
  path: '/images',
  tags,
  summary: 'All images, by reference',
  ...needs('viewer'),
  responses: { 200: json(list(Image), 'images'), ...refusals },
})

const listPolicies = createRoute({
  method: 'get',
  path: '/trust',
  tags,
  summary: 'Who has to sign which images; the first pattern that fits a repository counts',
  ...needs('viewer'),
  responses: { 200: json(list(TrustPolicyView), 'policies'), ...refusals },
})

const pullImage = createRoute({
  method: 'post',
  path: '/images/pull',
  tags,
  summary: 'Copy an image from a registry',
  ...needs('operator'),
  request: { body: body(PullRequest) },
  responses: { 200: progress, ...refusals },
})

const importImage = createRoute({
  method: 'post',
  path: '/images/import',
  tags,
  summary: 'Take in a tar of an OCI image layout',
  ...needs('operator'),
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
  ...needs('viewer'),
  request: { params: ReferenceParameter },
  responses: { 200: json(Image, 'the image'), ...refusals, ...notFound },
})

const deleteImage = createRoute({
  method: 'delete',
  path: '/images/{reference}',
  tags,
  summary: 'Remove a tag',
  ...needs('operator'),
  request: { params: ReferenceParameter },
  responses: { 204: nothing, ...refusals, ...notFound },
})

/** `stopping` aborts operations under way. */
export function imageRoutes(
  { images, trust, events }: Services,
  { stopping, logger }: { stopping: AbortSignal; logger: Logger },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.use('/images/pull', jsonBody)

  app.openapi(listImages, async (c) => c.json({ items: await images.list() }, 200))
  app.openapi(listPolicies, (c) => c.json({ items: trust.policies() }, 200))
  app.openapi(pullImage, (c) => {
    const request = c.req.valid('json')
    parseRemoteReference(request.reference)
    if (request.as !== undefined) parseLocalReference(request.as)
    return operate(c, `pulled from ${request.reference}`, async (onProgress, signal) => [
      await images.pull(request, onProgress, signal),
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
    if (!image) throw unknownImage(repository, tag)
    return c.json(image, 200)
  })
  app.openapi(deleteImage, async (c) => {
    const { repository, tag } = named(c.req.valid('param').reference)
    if (!(await images.remove(repository, tag))) throw unknownImage(repository, tag)
    const reference = `${repository}:${tag}`
    const message = `image ${reference} was removed`
    events.append({ type: 'image.removed', actor: c.var.caller.actor, message, data: { reference } })
    return c.body(null, 204)
  })
  return app

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

function named(reference: string): { repository: string; tag: string } {
  const { repository, tag = 'latest', digest } = parseLocalReference(reference)
  if (digest !== undefined) throw new HttpProblem(400, 'VALIDATION', 'images are named by repository:tag here')
  return { repository, tag }
}

function unknownImage(repository: string, tag: string): CoreError {
  return new CoreError('IMAGE_NOT_FOUND', `there is no image ${repository}:${tag}`, {
    hint: '`landfall image list` shows them all',
  })
}
