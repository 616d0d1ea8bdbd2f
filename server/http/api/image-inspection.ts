// What images are: inspection, packages, the difference of two, and whether one can start a machine.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { Architecture, DEFAULT_ARCHITECTURE } from '../../contract/common.ts'
import { ImageDifference, ImageFit, ImageInspection, ImagePackages } from '../../contract/image-inspection.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { unknownImage } from './images.ts'
import { IdParameter, json, needs, notFound, refusals } from './operation.ts'

const tags = ['images']
const Reference = z
  .string()
  .max(1000)
  .describe('repository:tag, or repository@digest of one architecture; percent-encoded')
const params = z.strictObject({ reference: Reference })
const ForArchitecture = z.strictObject({ architecture: Architecture.default(DEFAULT_ARCHITECTURE) })

const inspectImage = createRoute({
  method: 'get',
  path: '/images/{reference}/inspection',
  tags,
  summary: 'What an image is: system, kernel, boot loader, engine, layers; `reading` says how far its layers were read',
  ...needs('viewer', 'shared'),
  request: { params },
  responses: { 200: json(ImageInspection, 'what is known by now'), ...refusals, ...notFound },
})

const listPackages = createRoute({
  method: 'get',
  path: '/images/{reference}/packages',
  tags,
  summary: 'Packages of an image, by its database of rpm or dpkg',
  ...needs('viewer', 'shared'),
  request: { params, query: ForArchitecture },
  responses: {
    200: json(ImagePackages, 'packages, by name; none where no database can be read'),
    ...refusals,
    ...notFound,
  },
})

const compareImages = createRoute({
  method: 'get',
  path: '/images/{reference}/difference',
  tags,
  summary: 'What another image has that this one has not: packages, layers to transfer, kernel arguments',
  ...needs('viewer', 'shared'),
  request: { params, query: ForArchitecture.extend({ to: Reference.describe('the other image') }) },
  responses: { 200: json(ImageDifference, 'the difference'), ...refusals, ...notFound },
})

const checkImage = createRoute({
  method: 'get',
  path: '/machines/{id}/check',
  tags,
  summary: 'Whether an image can start the machine, as checks with reasons; nothing is changed',
  ...needs('viewer', 'machine'),
  request: { params: IdParameter, query: z.strictObject({ image: Reference.describe('repository:tag') }) },
  responses: { 200: json(ImageFit, 'the checks'), ...refusals, ...notFound },
})

export function imageInspectionRoutes({ inspector, inventory }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })

  app.openapi(inspectImage, async (c) => {
    const { reference } = c.req.valid('param')
    const platforms = await inspector.inspect(reference)
    if (!platforms) throw unknownImage(reference)
    return c.json({ reference, platforms }, 200)
  })
  app.openapi(listPackages, async (c) => {
    const { packages } = await compared(c.req.valid('param').reference, c.req.valid('query').architecture)
    return c.json({ items: [...(packages ?? [])] }, 200)
  })
  app.openapi(compareImages, async (c) => {
    const { to, architecture } = c.req.valid('query')
    const from = await compared(c.req.valid('param').reference, architecture)
    return c.json(inspector.difference(from, await compared(to, architecture)), 200)
  })
  app.openapi(checkImage, async (c) => {
    const { image: reference } = c.req.valid('query')
    const machine = inventory.toMachine(c.req.valid('param').id)
    const fit = await inspector.fit(reference, machine)
    if (!fit) throw unknownImage(reference)
    return c.json(fit, 200)
  })
  return app

  async function compared(reference: string, architecture: string) {
    const found = await inspector.compared(reference, architecture)
    if (!found) throw unknownImage(reference, ` for ${architecture}`)
    return found
  }
}
