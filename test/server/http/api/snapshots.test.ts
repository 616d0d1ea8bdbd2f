import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SnapshotLine, SNAPSHOTS_FOLDER } from '../../../../server/contract/snapshot.ts'
import { openStore } from '../../../../server/store/store.ts'
import { MAC } from '../../../helpers/store-fakes.ts'
import { problemOf, testServer } from '../support.ts'

it('writes the database into the data folder, for administrators alone', async () => {
  const server = await testServer()
  server.inventory.discover({ mac: MAC })
  const refused = await server.call('POST', '/api/v1/snapshots', { as: 'operator', json: {} })
  expect(await problemOf(refused)).toMatchObject({ code: 'FORBIDDEN' })
  const answer = await server.call('POST', '/api/v1/snapshots', { json: { keepImages: true } })
  const line = SnapshotLine.parse(JSON.parse((await answer.text()).trim().split('\n').at(-1)!))
  if (line.type !== 'done') throw new Error(JSON.stringify(line))
  const store = openStore(join(server.dir, SNAPSHOTS_FOLDER, line.file))
  expect(store.machines.list({})).toHaveLength(1)
  store.close()
})
