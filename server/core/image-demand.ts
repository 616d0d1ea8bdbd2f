// Which images machines will be installed from, as far as machines and profiles name them.
import { DEFAULT_ARCHITECTURE } from '../contract/common.ts'
import type { Architecture } from '../contract/common.ts'
import type { MachineStore } from './machine-store.ts'
import type { ProfileStore } from './profile-store.ts'

export interface WantedImage {
  reference: string
  architecture: Architecture
}

export interface ImageDemandPorts {
  machines: Pick<MachineStore, 'wantedImages'>
  profiles: Pick<ProfileStore, 'list'>
}

/** Machines first, then profiles, for each architecture that machines have: their machines may be still to come. */
export function wantedImages({ machines, profiles }: ImageDemandPorts): WantedImage[] {
  const byMachines = machines
    .wantedImages()
    .map(({ image, architecture }) => ({ reference: image, architecture: architecture ?? DEFAULT_ARCHITECTURE }))
  const architectures = new Set(byMachines.map(({ architecture }) => architecture))
  if (architectures.size === 0) architectures.add(DEFAULT_ARCHITECTURE)
  const byProfiles = profiles
    .list()
    .flatMap(({ spec: { image } }) => (image === undefined ? [] : [image]))
    .flatMap((reference) => [...architectures].map((architecture) => ({ reference, architecture })))
  const all = [...byMachines, ...byProfiles]
  return [...new Map(all.map((wanted) => [`${wanted.architecture} ${wanted.reference}`, wanted])).values()]
}
