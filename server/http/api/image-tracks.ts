// Tags that are followed: begin, end, look.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { TrackRequest } from '../../contract/image.ts'
import { ImageHistory, ImageTrack } from '../../contract/image-track.ts'
import { parseLocalReference, parseRemoteReference } from '../../oci/reference.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { body, json, list, needs, notFound, nothing, refusals } from './operation.ts'

const tags = ['images']
const ReferenceParameter = z.strictObject({ reference: z.string().describe('repository:tag, percent-encoded') })

const listTracks = createRoute({
  method: 'get',
  path: '/image-tracks',
  tags,
  summary: 'Tags that follow one of another registry',
  ...needs('viewer', 'shared'),
  responses: { 200: json(list(ImageTrack), 'what follows what'), ...refusals },
})

const followImage = createRoute({
  method: 'post',
  path: '/image-tracks',
  tags,
  summary:
    'Follow a tag of another registry: it is looked up at once and then every so often, and pulled when it has moved',
  ...needs('operator', 'site'),
  request: { body: body(TrackRequest) },
  responses: { 201: json(ImageTrack, 'what follows what from now on'), ...refusals },
})

const imageHistory = createRoute({
  method: 'get',
  path: '/image-tracks/{reference}',
  tags,
  summary: 'What a tag follows, and the digests that it stood for',
  ...needs('viewer', 'shared'),
  request: { params: ReferenceParameter },
  responses: { 200: json(ImageHistory, 'the newest digest first'), ...refusals, ...notFound },
})

const unfollowImage = createRoute({
  method: 'delete',
  path: '/image-tracks/{reference}',
  tags,
  summary: 'Follow no more; the image stays, the history goes',
  ...needs('operator', 'site'),
  request: { params: ReferenceParameter },
  responses: { 204: nothing, ...refusals, ...notFound },
})

export function imageTrackRoutes({ tracks }: Pick<Services, 'tracks'>): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listTracks, (c) => c.json({ items: tracks.list() }, 200))
  app.openapi(followImage, (c) => {
    const request = c.req.valid('json')
    if (parseRemoteReference(request.reference).digest !== undefined) {
      throw new HttpProblem(400, 'VALIDATION', 'a digest never stands for anything else: name a tag to follow')
    }
    const track = tracks.follow(request, c.var.caller.actor)
    void tracks.runDue()
    return c.json(track, 201)
  })
  app.openapi(imageHistory, (c) => {
    const { repository, tag } = named(c.req.valid('param').reference)
    return c.json(tracks.history(repository, tag), 200)
  })
  app.openapi(unfollowImage, (c) => {
    const { repository, tag } = named(c.req.valid('param').reference)
    tracks.unfollow(repository, tag, c.var.caller.actor)
    return c.body(null, 204)
  })
  return app
}

function named(reference: string): { repository: string; tag: string } {
  const { repository, tag = 'latest' } = parseLocalReference(reference)
  return { repository, tag }
}
