// The OpenAPI 3.1 document of the API, made from the routes and the schemas they check by.
import type { OpenAPIHono } from '@hono/zod-openapi'
import { Facts } from '../../contract/facts.ts'
import { Failure } from '../../contract/install.ts'
import { DiskPlan } from '../../contract/plan.ts'
import type { HttpEnv } from '../context.ts'
import { SESSION_COOKIE } from '../middleware/access.ts'

/** Tells the document what routes cannot: how to authenticate, and schemas whose first use is a nullable one. */
export function describeApi(app: OpenAPIHono<HttpEnv>): void {
  const { openAPIRegistry } = app
  openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'an API token; `landfall token create` makes one',
  })
  openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'set by POST /login; writes must come from the same origin',
  })
  // Otherwise the generator would make the component itself nullable, for every user of it.
  for (const [name, schema] of Object.entries({ Failure, Facts, DiskPlan })) openAPIRegistry.register(name, schema)
}

/** The document of all operations registered so far. */
export function openApiDocument(app: OpenAPIHono<HttpEnv>): unknown {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Landfall',
      version: '1',
      description: 'Turns bare metal into the bootable container image you chose for it.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/api/v1' }],
  })
  return JSON.parse(JSON.stringify(document), (_, value: unknown) => nullableReference(value))
}

/**
 * The generator writes a nullable reference as "the schema, and also an object or null", which null does not satisfy. What is meant
 * is "the schema, or null".
 */
function nullableReference(value: unknown): unknown {
  const { allOf } = (value ?? {}) as { allOf?: [{ $ref?: string }, { type?: string | string[] }?] }
  if (!Array.isArray(allOf) || !allOf[0]?.$ref || !allOf[1]?.type?.includes('null')) return value
  return { anyOf: [allOf[0], { type: 'null' }] }
}
