// Whether the partition table on a disk is the one that a plan says, as sfdisk tells it.
import { z } from 'zod'
import type { PlannedDisk } from '../../../server/contract/plan.ts'

const Table = z.object({
  partitiontable: z.object({
    label: z.string(),
    id: z.string(),
    unit: z.literal('sectors'),
    sectorsize: z.number().int().positive(),
    partitions: z
      .array(z.object({ node: z.string(), start: z.number(), size: z.number(), type: z.string(), uuid: z.string() }))
      .default([]),
  }),
})

/** `json` is what `sfdisk --json` printed. Every identifier and every position has to be that of the plan; anything else is not its table. */
export function isTableOf(json: string, { uuid, partitions }: PlannedDisk): boolean {
  const parsed = Table.safeParse(parseJson(json))
  if (!parsed.success) return false
  const { label, id, sectorsize, partitions: found } = parsed.data.partitiontable
  const spell = (type: string, own: string, start: number, size: number) =>
    `${type.toUpperCase()} ${own.toUpperCase()} ${start} ${size}`
  const got = found.map(({ type, uuid: own, start, size }) => spell(type, own, start * sectorsize, size * sectorsize))
  const want = partitions.map(({ typeGuid, uuid: own, start, size }) => spell(typeGuid, own, start, size))
  return label === 'gpt' && id.toUpperCase() === uuid.toUpperCase() && got.sort().join() === want.sort().join()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
