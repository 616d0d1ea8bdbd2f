// What of a layout does not go together, whatever the disks are.
import type { Failure } from '../contract/install.ts'
import type { DiskLayout, Raid } from '../contract/spec-disks.ts'
import { wantedVolumes } from './wanted-volumes.ts'

/** Disks that an array of each level needs at least. */
const LEAST_DISKS: Record<Raid['level'], number> = { 0: 2, 1: 2, 5: 3, 6: 4, 10: 4 }

/** The first contradiction as DISK_LAYOUT; undefined when there is none. */
export function contradiction(layout: DiskLayout): Failure | undefined {
  const found = contradictions(layout).next().value
  if (!found) return undefined
  const [message, hint] = found
  return { code: 'DISK_LAYOUT', message, hint }
}

function* contradictions(layout: DiskLayout): Generator<[message: string, hint: string]> {
  const { scheme, raid, mirror, thin, volumes, erase } = layout
  if ((scheme === 'raid1') !== (mirror !== undefined)) {
    yield ['disks.scheme raid1 and disks.mirror belong together', 'set both, or neither']
  }
  if (scheme === 'raid1' && raid) yield ['disks.raid has no meaning with disks.scheme raid1', 'set scheme to plain']
  if (raid && raid.disks.length + 1 < LEAST_DISKS[raid.level]) {
    const needed = LEAST_DISKS[raid.level]
    yield [
      `an array of level ${raid.level} needs ${needed} disks, disks.disk and disks.raid.disks name ${raid.disks.length + 1}`,
      `name ${needed - 1} or more in disks.raid.disks, or choose another level`,
    ]
  }
  if (raid?.level === 10 && raid.disks.length % 2 === 0) {
    yield ['an array of level 10 needs an even number of disks', 'add one to disks.raid.disks, or leave one out']
  }
  if (thin && scheme !== 'lvm') yield ['disks.thin is for disks.scheme lvm', 'set scheme to lvm, or leave thin out']
  const names = wantedVolumes(layout).map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) yield [`disks.volumes has ${twice} twice`, 'leave one of them out, or choose shorter paths']
  const kept = volumes.find(({ preserve }) => preserve)
  if (!kept) return
  if (kept.mount === 'swap') yield ['disks.volumes preserves swap, which holds nothing', 'leave preserve out']
  if (scheme === 'btrfs') {
    const why = 'which is possible for partitions and logical volumes only'
    yield [
      `disks.volumes preserves ${kept.mount}, ${why}`,
      'use another disks.scheme, which may have btrfs for a file system',
    ]
  }
  if (erase !== 'signatures') {
    yield [
      `disks.erase ${[erase].flat().join(', ')} would destroy ${kept.mount}, which is preserved`,
      'leave erase or preserve out',
    ]
  }
}
