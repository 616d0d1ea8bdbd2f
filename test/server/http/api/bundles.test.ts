import { expect, it } from 'vitest'
import { pushImage } from '../../oci/registry/support.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import { Bundles } from '../../../../server/oci/bundles.ts'
import { problemOf, testServer } from '../support.ts'

it('goes in by the API and out again, byte by byte', async () => {
  const registry = await testRegistry()
  await pushImage(registry)
  const { stream } = await new Bundles({ ...registry, policies: [] }).make([], false)
  const bytes = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))

  const server = await testServer()
  const headers = { 'content-type': 'application/x-tar' }
  const taken = await server.call('POST', '/api/v1/bundles/import', { as: 'operator', headers, init: { body: bytes } })
  const lines = (await taken.text()).trim().split('\n')
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: 'done', image: { reference: 'os/web:1' } })
  const given = await server.call('GET', '/api/v1/bundles/export?image=os/web:1', { as: 'viewer' })
  expect(Buffer.from(await given.arrayBuffer())).toEqual(bytes)
  expect(Number(given.headers.get('landfall-bundle-bytes'))).toBeGreaterThan(0)
  const none = await server.call('GET', '/api/v1/bundles/export?image=os/none', { as: 'viewer' })
  expect(await problemOf(none)).toMatchObject({ code: 'MANIFEST_UNKNOWN' })
})
