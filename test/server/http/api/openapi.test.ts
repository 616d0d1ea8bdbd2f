// docs/reference/openapi.json is the document of the routes as they are. `vitest run test/server/http/api/openapi.test.ts -u` writes it.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testServer } from '../support.ts'

it('is what docs/reference/openapi.json says', async () => {
  const { call } = await testServer()
  const document: unknown = await (await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json()
  const file = join(import.meta.dirname, '../../../../docs/reference/openapi.json')
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file)
})

it('says "or null" so that null is allowed, and only there', async () => {
  const { call } = await testServer()
  const { components } = (await (await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json()) as {
    components: { schemas: Record<string, { type: unknown; properties: Record<string, unknown> }> }
  }
  expect(components.schemas['Failure']?.type).toBe('object')
  expect(components.schemas['Install']?.properties['failure']).toEqual({
    anyOf: [{ $ref: '#/components/schemas/Failure' }, { type: 'null' }],
  })
})
