// Copies of the database, for `landfall backup` on the server itself.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { SnapshotLine, SnapshotRequest } from '../../contract/snapshot.ts'
import type { Logger } from '../../observe/logger.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { body, needs, refusals } from './operation.ts'
import { progressAnswer } from './progress-stream.ts'

const takeSnapshot = createRoute({
  method: 'post',
  path: '/snapshots',
  tags: ['server'],
  summary: 'Write a consistent copy of the database into the data folder, where only the server’s own host can read it',
  ...needs('admin', 'site'),
  request: { body: body(SnapshotRequest) },
  responses: {
    200: {
      description: 'progress as NDJSON; the last line is `done` with the name of the file, or `failed`',
      content: { 'application/x-ndjson': { schema: SnapshotLine } },
    },
    ...refusals,
  },
})

/** `stopping` aborts operations under way. */
export function snapshotRoutes(
  { snapshots }: Pick<Services, 'snapshots'>,
  { stopping, logger }: { stopping: AbortSignal; logger: Logger },
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(takeSnapshot, (c) => {
    const request = c.req.valid('json')
    return progressAnswer(
      c,
      { stopping, logger },
      async (onProgress: (line: { type: 'progress'; done: number; total: number }) => void, signal) => {
        const tell = (done: number, total: number) => onProgress({ type: 'progress', done, total })
        return [{ type: 'done', file: await snapshots.take(request, tell, signal) } as const]
      },
    )
  })
  return app
}
