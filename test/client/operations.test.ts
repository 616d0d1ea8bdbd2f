// client/operations.ts is made of docs/reference/openapi.json. `vitest run --project unit test/client -u` writes it anew.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { expect, it } from 'vitest'
import { operationsText, type OpenApi } from '../../client/generate.ts'

const FILE = join(import.meta.dirname, '../../client/operations.ts')
const DOCUMENT = join(import.meta.dirname, '../../docs/reference/openapi.json')

it('are those of the API', async () => {
  const document = JSON.parse(await readFile(DOCUMENT, 'utf8')) as OpenApi
  const style = await resolveConfig(FILE)
  const text = await format(operationsText(document), { ...style, parser: 'typescript' })
  await expect(text).toMatchFileSnapshot(FILE)
})

it('are used in the documentation as the compiler has checked it', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/how-to/programs.md'), 'utf8')
  const example = await readFile(join(import.meta.dirname, 'example.ts'), 'utf8')
  expect(page).toContain(`\`\`\`ts\n${example}\`\`\``)
})

it('tell what is needed, what may be null, and what is no JSON', () => {
  const document: OpenApi = {
    components: {
      schemas: {
        Disk: {
          type: 'object',
          description: 'of a machine',
          properties: {
            name: { type: 'string' },
            size: { type: ['integer', 'null'], description: 'bytes' },
            kind: { enum: ['hdd', 'ssd'] },
            tags: { type: 'array', items: { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Tag' }] } },
          },
          required: ['name'],
        },
        Tag: { type: 'object', additionalProperties: { type: 'boolean' } },
      },
    },
    paths: {
      '/disks/{id}': {
        get: {
          summary: 'One disk',
          parameters: [
            { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
            { in: 'query', name: 'deep', schema: { type: 'boolean' } },
          ],
          responses: {
            200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Disk' } } } },
            404: {},
          },
        },
        delete: { responses: { 204: {} } },
        post: {
          requestBody: { content: { 'application/x-tar': {} } },
          responses: { 200: { content: { 'application/x-ndjson': {} } } },
        },
      },
    },
  }
  const text = operationsText(document).replaceAll(/\s+/g, ' ')
  expect(text).toContain(
    'Disk: { name: string /** bytes */ size?: number | null kind?: "hdd" | "ssd" tags?: (string | Schemas["Tag"])[] }',
  )
  expect(text).toContain('Tag: Record<string, boolean>')
  expect(text).toContain(
    '/** One disk */ "GET /disks/{id}": { path: { id: string } query?: { deep?: boolean } answer: Schemas["Disk"] }',
  )
  expect(text).toContain('"DELETE /disks/{id}": { answer: undefined }')
  expect(text).toContain('"POST /disks/{id}": { body: Contents answer: Response }')
})
