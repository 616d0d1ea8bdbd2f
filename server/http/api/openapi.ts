// The OpenAPI 3.1 document of the API, made from the routes and the schemas they check by.
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { HttpEnv } from '../context.ts'
import { SESSION_COOKIE } from '../middleware/access.ts'

/** Tells the document what routes cannot: how to authenticate. */
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
  const plain = JSON.parse(JSON.stringify(document)) as Document
  moveNullToReferences(plain)
  dropFlags(plain)
  return plain
}

interface Schema {
  type?: string | string[]
  properties?: Record<string, unknown>
}

interface Document {
  components: { schemas: Record<string, Schema> }
}

/**
 * The generator writes the flags of a regular expression behind it, where they would be a part of it. JSON Schema means `u` anyhow, and has
 * no `i`: a pattern that has it is left to the server.
 */
function dropFlags(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const schema = value as { pattern?: unknown }
  if (typeof schema.pattern === 'string') {
    const [, pattern, flags] = /^([^]*\$)\/([a-z]+)$/.exec(schema.pattern) ?? []
    if (flags?.includes('i')) delete schema.pattern
    else if (pattern !== undefined) schema.pattern = pattern
  }
  for (const part of Object.values(value)) dropFlags(part)
}

/**
 * Where a schema is first used as `X.nullable()`, the generator makes X itself nullable, for every user of it. Our nullable references are
 * all properties, and all properties that refer to such an X are nullable: so null moves from X to them.
 */
function moveNullToReferences({ components: { schemas } }: Document): void {
  const nullable = new Set<string>()
  for (const [name, schema] of Object.entries(schemas)) {
    if (!Array.isArray(schema.type) || !schema.type.includes('null')) continue
    schema.type = schema.type.find((type) => type !== 'null')!
    nullable.add(`#/components/schemas/${name}`)
  }
  for (const { properties = {} } of Object.values(schemas)) {
    for (const [name, property] of Object.entries(properties)) {
      const { $ref } = property as { $ref?: string }
      if ($ref !== undefined && nullable.has($ref)) properties[name] = { anyOf: [{ $ref }, { type: 'null' }] }
    }
  }
}
