// Offline bundles: images with their signatures on the way to a site without a line, and in there.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { BUNDLE_BYTES_HEADER, BundleQuery } from '../../contract/bundle.ts'
import { ImageProgress } from '../../contract/image.ts'
import type { Logger } from '../../observe/logger.ts'
import { parseLocalReference } from '../../oci/reference.ts'
import type { HttpEnv } from '../context.ts'
import type { OnImageProgress, Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { needs, notFound, refusals } from './operation.ts'
import { progressAnswer } from './progress-stream.ts'
import { uploadOf } from './upload.ts'

const tags = ['images']
/** How often progress is told. */
const PROGRESS_MS = 250

const exportBundle = createRoute({
  method: 'get',
  path: '/bundles/export',
  tags,
  summary: 'Images with all that refers to them, as a tar of an OCI image layout; it broke off unless it ends well',
  ...needs('viewer', 'shared'),
  request: { query: BundleQuery },
  responses: {
    200: { description: 'the bundle', content: { 'application/x-tar': { schema: z.string() } } },
    ...refusals,
    ...notFound,
  },
})

const importBundle = createRoute({
  method: 'post',
  path: '/bundles/import',
  tags,
  summary: 'Take in a bundle, all of it or nothing; policies in it are not applied',
  ...needs('operator', 'site'),
  request: { body: { content: { 'application/x-tar': { schema: z.any().describe('tar, also gzip or zstd') } } } },
  responses: {
    200: {
      description: 'progress as NDJSON; the last lines are `done`, one for each image, or `failed`',
      content: { 'application/x-ndjson': { schema: ImageProgress } },
    },
    ...refusals,
  },
})

/** `stopping` aborts operations under way. */
export function bundleRoutes(
  { bundles, images, events }: Pick<Services, 'bundles' | 'images' | 'events'>,
  { stopping, logger }: { stopping: AbortSignal; logger: Logger },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(exportBundle, async (c) => {
    const { image = [], policies } = c.req.valid('query')
    const references = [image].flat()
    for (const reference of references) parseLocalReference(reference)
    const { stream, totalBytes } = await bundles.make(references, policies)
    c.header(BUNDLE_BYTES_HEADER, String(totalBytes))
    c.header('Content-Disposition', 'attachment; filename="landfall-bundle.tar"')
    // zod-openapi has types for JSON and text answers only; to it any other is `never`.
    return c.body(Readable.toWeb(stream) as ReadableStream, 200, { 'Content-Type': 'application/x-tar' }) as never
  })
  app.openapi(importBundle, (c) => {
    const archive = uploadOf(c, 'a tar')
    const { actor } = c.var.caller
    return progressAnswer(c, { stopping, logger }, async (onProgress: OnImageProgress, signal) => {
      let told = 0
      const onBlob = (blob: string, bytes: number, totalBytes: number): void => {
        if (Date.now() - told < PROGRESS_MS) return
        told = Date.now()
        onProgress({ type: 'progress', blob, bytes, totalBytes, message: `storing ${blob.slice(7, 19)}` })
      }
      const taken = await bundles.take(archive, onBlob, signal)
      for (const { repository, tag, digest } of taken) {
        const reference = `${repository}:${tag}`
        const message = `image ${reference} came in with a bundle`
        events.append({ type: 'image.added', actor, message, data: { reference, digest } })
      }
      const described = await Promise.all(taken.map(({ repository, tag }) => images.get(repository, tag)))
      return described.flatMap((image) => (image ? [{ type: 'done', image } as const] : []))
    })
  })
  return app
}
