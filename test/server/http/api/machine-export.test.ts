import { expect, it } from 'vitest'
import { machineExport } from '../../../../server/http/api/machine-export.ts'
import { testCore } from '../../../helpers/store-fakes.ts'

const mac = (index: number) => `52:54:00:00:00:0${index}`

it('writes a table whose rows have the columns of its first line, whatever happens meanwhile', async () => {
  const { inventory } = testCore()
  const { id } = inventory.create({ macs: [mac(1)], name: 'web-1', labels: { rack: 'r1' } }, 'a')
  inventory.create({ macs: [mac(2)], name: 'web-2', labels: { rack: 'r2' } }, 'a')
  const reader = machineExport(inventory, { filter: {}, scope: null }, 'csv').getReader()
  const text = async () => new TextDecoder().decode((await reader.read()).value)
  expect(await text()).toMatch(/^name,macs,image,label:rack,id,/)
  inventory.update(id, { labels: { row: '7' } }, 'a')
  inventory.create({ macs: [mac(3)], name: 'web-3', labels: { row: '8' } }, 'a')
  const rows = (await text()).trim().split('\n')
  expect(rows.map((row) => row.split(',').slice(0, 4))).toEqual([
    ['web-1', mac(1), '', 'r1'],
    ['web-2', mac(2), '', 'r2'],
  ])
  expect((await reader.read()).done).toBe(true)
})
