// The partition table of a disk in a plan, in sfdisk's script language.
import type { PlannedDisk } from '../../../server/contract/plan.ts'

/** Start of the script and one line per partition. Positions are in logical sectors, as sfdisk(8) wants them. */
export function sfdiskScript({ disk, uuid, partitions }: PlannedDisk): string {
  const sector = disk.logicalBlockSize
  const lines = partitions.map(({ number, start, size, typeGuid, uuid: own, name }) => {
    if (start % sector !== 0 || size % sector !== 0) {
      throw new RangeError(`partition ${number} does not lie on the ${sector} byte sectors of ${disk.name}`)
    }
    if (/["\n\\]/.test(name)) throw new RangeError(`partition name ${JSON.stringify(name)} cannot be written`)
    return `${number} : start=${start / sector}, size=${size / sector}, type=${typeGuid}, uuid=${own.toUpperCase()}, name="${name}"`
  })
  return `label: gpt\nlabel-id: ${uuid.toUpperCase()}\nunit: sectors\n\n${lines.join('\n')}\n`
}

/** `/dev/sda` and 1 make `/dev/sda1`, `/dev/nvme0n1` and 1 make `/dev/nvme0n1p1`: names that end in a digit get a `p`. */
export function partitionPath(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? 'p' : ''}${number}`
}
