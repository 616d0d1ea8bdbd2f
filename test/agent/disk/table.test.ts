import { describe, expect, it } from 'vitest'
import { isTableOf } from '../../../boot-assets/agent/disk/table.ts'
import { plan } from '../examples.ts'

const [disk] = plan().disks

/** What `sfdisk --json` (2.41) says of a disk that carries the plan, with what is different. */
function printed(change: object = {}, first: object = {}): string {
  const partitions = disk!.partitions.map(({ typeGuid, uuid, start, size, name, number }, at) => ({
    node: `/dev/vda${number}`,
    start: start / 512,
    size: size / 512,
    type: typeGuid,
    uuid: uuid.toUpperCase(),
    name,
    ...(at === 0 ? first : {}),
  }))
  const table = { label: 'gpt', id: disk!.uuid.toUpperCase(), device: '/dev/vda', unit: 'sectors', sectorsize: 512 }
  return JSON.stringify({ partitiontable: { ...table, firstlba: 2048, lastlba: 41_943_006, partitions, ...change } })
}

describe('isTableOf', () => {
  it('knows the table of the plan', () => expect(isTableOf(printed(), disk!)).toBe(true))

  it.each([
    ['the table of another install', printed({ id: '00000000-0000-4000-8000-000000000000' })],
    ['a DOS table', printed({ label: 'dos' })],
    ['a partition of another install', printed({}, { uuid: '00000000-0000-4000-8000-000000000000' })],
    ['a partition that was moved', printed({}, { start: 4096 })],
    ['a partition of another size', printed({}, { size: 1 })],
    ['a partition of another type', printed({}, { type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' })],
    ['a table with nothing in it', printed({ partitions: [] })],
    ['a table without the list', printed({ partitions: undefined })],
    ['sectors of another size', printed({ sectorsize: 4096 })],
    ['what is no JSON', ''],
    ['JSON of something else', '{}'],
  ])('takes %s for somebody else’s', (_, json) => expect(isTableOf(json, disk!)).toBe(false))
})
