// The file systems that a layout asks for, besides those of the boot loader.
import type { DiskLayout, Raid } from '../contract/spec-disks.ts'
import type { PlannedFilesystem } from '../contract/plan.ts'
import { MIB, roundUp } from './units.ts'

/** Below it an image's two deployments and their `/var` have no room. */
export const MIN_ROOT_SIZE = 2048 * MIB

/** The one partition of all volumes, where they do not have one each. */
export const SYSTEM = 'system'

/** What GPT, mdadm and LVM all take for a name. */
const MAX_NAME = 32

export interface WantedVolume {
  /** `/`, `swap`, `/var` or a folder below it. */
  mount: string
  /** `root`, `swap`, `var`, `var_lib_data`. */
  name: string
  filesystem: PlannedFilesystem['filesystem']
  /** Bytes at least, whole MiB. */
  size: number
  grow: boolean
  preserve: boolean
}

/** Root first; it grows unless the layout says how large it shall be. */
export function wantedVolumes({ filesystem, rootSize, volumes, scheme }: DiskLayout): WantedVolume[] {
  const kind = scheme === 'btrfs' ? 'btrfs' : filesystem
  const root: WantedVolume = {
    mount: '/',
    name: 'root',
    filesystem: kind,
    size: roundUp(rootSize ?? MIN_ROOT_SIZE),
    grow: rootSize === undefined,
    preserve: false,
  }
  const others = volumes.map(({ mount, size, grow, preserve = false, filesystem: own }): WantedVolume => {
    const swap = mount === 'swap'
    return {
      mount,
      name: volumeName(mount),
      filesystem: swap ? 'swap' : scheme === 'btrfs' ? 'btrfs' : (own ?? kind),
      size: roundUp(size),
      grow,
      preserve,
    }
  })
  return [root, ...others]
}

/** The array that a layout asks for, if any. */
export function raidOf({ scheme, mirror, raid }: DiskLayout): Raid | undefined {
  return scheme === 'raid1' && mirror ? { level: 1, disks: [mirror] } : raid
}

function volumeName(mount: string): string {
  return mount.replace(/^\//, '').replaceAll('/', '_').slice(0, MAX_NAME)
}
