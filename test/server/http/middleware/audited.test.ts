import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Act } from '../../../../server/core/audit.ts'
import { auditedRegistry } from '../../../../server/http/middleware/audited.ts'

it.each([
  ['PUT', '/v2/os/web/manifests/stable', ['PUT /v2', 'os/web/manifests/stable']],
  ['DELETE', '/v2/os/web/blobs/sha256:ab', ['DELETE /v2', 'os/web/blobs/sha256:ab']],
  ['PUT', '/extensions/v2/os/web/signatures/sha256:ab', ['PUT /extensions/v2', 'os/web/signatures/sha256:ab']],
  ['GET', '/v2/os/web/manifests/stable', undefined],
  ['PUT', '/v2/os/web/blobs/uploads/1', undefined],
])('the registry has %s %s in the audit trail, or not', async (method, path, expected) => {
  const acts: Act[] = []
  const app = new Hono<{ Variables: { registryCaller: { actor: string } } }>()
  for (const root of ['/v2', '/extensions/v2'] as const) {
    app.use(`${root}/*`, auditedRegistry({ record: (act) => acts.push(act) }, root) as never)
  }
  app.all('*', (c) => {
    c.set('registryCaller', { actor: 'token:ci' })
    return c.body(null, 201)
  })
  await app.request(path, { method })
  expect(acts.map(({ action, target, result }) => [action, target, result])).toEqual(
    expected === undefined ? [] : [[...expected, 'done']],
  )
})
