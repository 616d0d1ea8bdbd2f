// Everything the page does exists in the API, and everything in the API on the command line.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const project = resolve(import.meta.dirname, '../..')

/** Operations that no command calls, and why that is no lack. */
const WITHOUT_COMMAND: Readonly<Record<string, string>> = {
  'GET /login/options': 'tells a browser which ways in there are; a command names its own',
  'GET /login/oidc': 'sends a browser to the provider',
  'GET /login/oidc/callback': 'is where the provider sends the browser back to',
  'POST /machines/{}/reinstall': '`machine reinstall` is the bulk operation, for one machine as for many',
  'GET /profiles/{}': '`profile show` finds the profile by name in the list',
}

const { paths } = JSON.parse(readFileSync(join(project, 'docs/reference/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>
}
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
)

interface Call {
  operation: string
  /** Where the method stands beside the path; elsewhere it is a guess. */
  certain: boolean
}

const PATH = /(?:'(GET|POST|PUT|PATCH|DELETE)',\s*|(\.operate\(|operate\(client, )\s*)?(?:`(\/[^`\n]*)`|'(\/[^'\n]*)')/g

/** Calls of the API in a source text. */
function callsIn(text: string): Call[] {
  return [...text.matchAll(PATH)].map(([, method, operate, template, plain]) => {
    const path = (template ?? plain!)
      .replaceAll(/\$\{[^{}]*\}/g, '{}')
      .replace(/\?.*$/, '')
      .replace(/(?<!\/)(\{\})+$/, '')
    return { operation: `${method ?? (operate === undefined ? 'GET' : 'POST')} ${path}`, certain: method !== undefined }
  })
}

function callsBelow(folder: string): Call[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .flatMap((name) => callsIn(readFileSync(join(project, folder, name), 'utf8')))
}

describe('the command line', () => {
  const calls = callsBelow('server/cli')

  it('calls every operation of the API but those that say why not', () => {
    const called = new Set(calls.map(({ operation }) => operation))
    expect(operations.filter((one) => !called.has(one))).toEqual(
      operations.filter((one) => Object.hasOwn(WITHOUT_COMMAND, one)),
    )
  })

  it('calls nothing that is no operation', () => {
    const strange = calls.filter(({ operation, certain }) => certain && !operations.includes(operation))
    expect(strange.map(({ operation }) => operation)).toEqual([])
  })
})

describe('the page', () => {
  it('calls operations of the API alone', () => {
    const strange = callsBelow('web/src').filter(({ operation, certain }) => certain && !operations.includes(operation))
    expect(strange.map(({ operation }) => operation)).toEqual([])
  })
})

it('knows exceptions only for operations that are there', () => {
  expect(Object.keys(WITHOUT_COMMAND).filter((one) => !operations.includes(one))).toEqual([])
})

it('reads calls as they are written', () => {
  const text =
    "call('PATCH', `/machines/${id}`, X); client\n.operate(`/media/import${query}`, body); copy('/audit?x=1')"
  expect(callsIn(text).map(({ operation }) => operation)).toEqual([
    'PATCH /machines/{}',
    'POST /media/import',
    'GET /audit',
  ])
})
