/** The types of the API as TypeScript, from its OpenAPI document: what `operations.ts` holds. A test keeps both the same. */

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  description?: string
}

interface Parameter {
  in: string
  name: string
  required?: boolean
  schema: Schema
}

interface Operation {
  summary?: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema?: Schema }> }
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const JSON_TYPE = 'application/json'
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const PLACES = ['path', 'query', 'header'] as const
const HEADING = `// Made from docs/reference/openapi.json by client/generate.ts; \`vitest run --project unit test/client -u\` writes it anew.
import type { Contents } from './contents.ts'`

/** The whole file, not yet formatted. */
export function operationsText({ paths, components }: OpenApi): string {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => member(name, schema, true))
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      return operation ? [operationText(`${method.toUpperCase()} ${path}`, operation)] : []
    }),
  )
  return [
    HEADING,
    '/** What requests and answers hold. */',
    `export interface Schemas { ${schemas.join('\n')} }`,
    '/** By method and path: what a request has, and what its answer is. An answer that is a stream or a file is the response itself. */',
    `export interface Operations { ${operations.join('\n')} }`,
  ].join('\n\n')
}

function operationText(name: string, { summary, parameters = [], requestBody, responses }: Operation): string {
  const places = PLACES.flatMap((place) => {
    const here = parameters.filter((parameter) => parameter.in === place)
    if (here.length === 0) return []
    const members = here.map(({ name: key, schema, required }) => member(key, schema, required ?? false))
    const isNeeded = here.some(({ required }) => required)
    return [`${place}${isNeeded ? '' : '?'}: { ${members.join('\n')} }`]
  })
  const body = requestBody ? [bodyText(requestBody)] : []
  return `${comment(summary)}${quoted(name)}: { ${[...places, ...body, `answer: ${answerText(responses)}`].join('\n')} }`
}

/** What is no JSON is sent as it is. */
function bodyText({ content, required }: NonNullable<Operation['requestBody']>): string {
  const json = content[JSON_TYPE]
  return `body${required === false ? '?' : ''}: ${json ? typeText(json.schema) : 'Contents'}`
}

function answerText(responses: Operation['responses']): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const contents = good.flatMap(([, { content }]) => Object.entries(content ?? {}))
  if (contents.length === 0) return good.length > 0 ? 'undefined' : 'Response'
  const isJson = contents.every(([type]) => type === JSON_TYPE)
  return isJson ? contents.map(([, { schema }]) => typeText(schema)).join(' | ') : 'Response'
}

function typeText(schema: Schema | undefined): string {
  if (schema === undefined) return 'unknown'
  if (schema.$ref !== undefined) return `Schemas[${JSON.stringify(schema.$ref.replace('#/components/schemas/', ''))}]`
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return union(choices.map(typeText))
  if (schema.allOf) return schema.allOf.map((part) => `(${typeText(part)})`).join(' & ')
  const types = schema.type === undefined ? [] : [schema.type].flat()
  return types.length === 0 ? 'unknown' : union(types.map((type) => plainText(type, schema)))
}

function plainText(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
      return 'number'
    case 'array':
      return `(${typeText(schema.items)})[]`
    case 'object':
      return objectText(schema)
    default:
      return type
  }
}

function objectText({ properties, required = [], additionalProperties }: Schema): string {
  if (properties) {
    const members = Object.entries(properties).map(([name, schema]) => member(name, schema, required.includes(name)))
    return `{ ${members.join('\n')} }`
  }
  return `Record<string, ${typeof additionalProperties === 'object' ? typeText(additionalProperties) : 'unknown'}>`
}

function member(name: string, schema: Schema, isNeeded: boolean): string {
  return `${comment(schema.description)}${quoted(name)}${isNeeded ? '' : '?'}: ${typeText(schema)}`
}

function comment(text: string | undefined): string {
  return text ? `/** ${text.replaceAll('*/', '*\\/').replaceAll('\n', ' ')} */\n` : ''
}

function union(types: readonly string[]): string {
  // A known value among any text says nothing to the compiler.
  const told = types.includes('string') ? types.filter((type) => !/^".*"$/.test(type)) : types
  return [...new Set(told)].join(' | ')
}

function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !name.includes(' ') ? name : JSON.stringify(name)
}
