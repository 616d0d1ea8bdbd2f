// A plan as rows of a table, the same on consoles, the command line and the web page.
import type { PlannedLayer, StoragePlan } from './plan.ts'

export interface PlanRow {
  id: string
  /** `vda 3`, or the kind of a layer: `array`. */
  place: string
  name: string
  /** Bytes. */
  size: number
  /** What lies on it: `xfs`, `array boot`; empty when nothing does. */
  holds: string
  /** Joined by commas. */
  mountPoints: string
  kept: boolean
}

const KINDS: Record<PlannedLayer['type'], string> = {
  raid: 'array',
  luks: 'encrypted',
  'volume-group': 'volume group',
  'thin-pool': 'thin pool',
  'logical-volume': 'volume',
}

/** Partitions of each disk, then what lies on them, from below. */
export function planRows(plan: Pick<StoragePlan, 'disks' | 'layers' | 'filesystems'>): PlanRow[] {
  const { disks, layers } = plan
  return [
    ...disks.flatMap(({ disk, partitions }) =>
      partitions.map(({ id, number, name, size, kept }) => {
        return { id, place: `${disk.name} ${number}`, name, size, kept, ...contentOf(id, plan) }
      }),
    ),
    ...layers.map((layer) => {
      const { id, name, size, kept } = layer
      const place = layer.type === 'raid' ? `RAID${layer.level}` : KINDS[layer.type]
      return { id, place, name, size, kept, ...contentOf(id, plan) }
    }),
  ]
}

function contentOf(
  id: string,
  { layers, filesystems }: Pick<StoragePlan, 'layers' | 'filesystems'>,
): Pick<PlanRow, 'holds' | 'mountPoints'> {
  const filesystem = filesystems.find(({ on }) => on === id)
  if (filesystem !== undefined) {
    const mounts = filesystem.mounts.map(({ mountPoint }) => mountPoint)
    return { holds: filesystem.filesystem, mountPoints: mounts.join(', ') }
  }
  const above = layers.find(({ on }) => (typeof on === 'string' ? on === id : on.includes(id)))
  return { holds: above === undefined ? '' : `${KINDS[above.type]} ${above.name}`, mountPoints: '' }
}
