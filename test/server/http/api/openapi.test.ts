// docs/reference/openapi.json is the document of the routes as they are. `vitest run test/server/http/api/openapi.test.ts -u` writes it.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import * as access from '../../../../server/contract/access.ts'
import * as facts from '../../../../server/contract/facts.ts'
import * as image from '../../../../server/contract/image.ts'
import * as imageUpkeep from '../../../../server/contract/image-upkeep.ts'
import * as install from '../../../../server/contract/install.ts'
import * as machine from '../../../../server/contract/machine.ts'
import * as machineBulk from '../../../../server/contract/machine-bulk.ts'
import * as media from '../../../../server/contract/media.ts'
import * as plan from '../../../../server/contract/plan.ts'
import * as system from '../../../../server/contract/system.ts'
import * as trace from '../../../../server/contract/trace.ts'
import { testServer } from '../support.ts'

it('is what docs/reference/openapi.json says', async () => {
  const { call } = await testServer()
  const document: unknown = await (await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json()
  const file = join(import.meta.dirname, '../../../../docs/reference/openapi.json')
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file)
})

it.each(
  Object.values({
    ...access,
    ...facts,
    ...image,
    ...imageUpkeep,
    ...install,
    ...machine,
    ...machineBulk,
    ...media,
    ...plan,
    ...system,
    ...trace,
  })
    .filter((schema) => schema instanceof z.ZodObject)
    .flatMap((schema) => (schema.meta()?.id === undefined ? [] : [[schema.meta()!.id!, schema] as const])),
)('lets those properties of %s be null that may be', async (id, schema) => {
  const { call } = await testServer()
  const document = (await (await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json()) as {
    components: { schemas: Record<string, { type: string; properties: Record<string, Property> }> }
  }
  const documented = document.components.schemas[id]!
  expect(documented.type).toBe('object')
  for (const [name, property] of Object.entries(documented.properties)) {
    expect(allowsNull(property), name).toBe((schema.shape as Record<string, z.ZodType>)[name]!.safeParse(null).success)
  }
})

interface Property {
  type?: string | string[]
  anyOf?: Property[]
}

function allowsNull({ type, anyOf }: Property): boolean {
  return [type].flat().includes('null') || (anyOf ?? []).some(allowsNull)
}
