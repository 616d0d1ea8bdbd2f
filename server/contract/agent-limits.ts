// What a spec may ask of Anaconda but not yet of Landfall's own agent, and what has no place in a disk image.
import type { MachineSpec } from './spec.ts'

/** The values that the agent cannot carry out, as dotted paths; none when it can do all of it. */
export function beyondAgent(spec: MachineSpec): string[] {
  const { disks, kickstart } = spec
  return pathsOf({
    'disks.automatic': disks.automatic,
    'kickstart.pre': kickstart.pre !== undefined,
    'kickstart.post': kickstart.post !== undefined,
  })
}

/** The same for a disk image: one plain disk of a size that is reckoned beforehand, and no secret that all its copies would share. */
export function beyondDiskImage(spec: MachineSpec): string[] {
  const { scheme, mirror, raid, rootSize, volumes, encryption } = spec.disks
  return [
    ...pathsOf({
      'disks.scheme': scheme !== 'plain',
      'disks.mirror': mirror !== undefined,
      'disks.raid': raid !== undefined,
      'disks.rootSize': rootSize !== undefined,
      'disks.volumes': volumes.length > 0,
      'disks.encryption': encryption !== undefined,
    }),
    ...beyondAgent(spec),
  ]
}

function pathsOf(asked: Record<string, boolean>): string[] {
  return Object.keys(asked).filter((path) => asked[path])
}
