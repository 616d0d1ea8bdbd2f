// Images that machines hold on to by digest: garbage collection leaves them alone.
import type { InstallStore } from './install-store.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import type { ProfileStore } from './profile-store.ts'

export interface ImagePinsPorts {
  machines: Pick<MachineStore, 'list'>
  installs: Pick<InstallStore, 'outcomes'>
  profiles: Pick<ProfileStore, 'list'>
}

/** Of the platform's manifest or of an index, as whoever named it did. */
export class ImagePins {
  readonly #ports: ImagePinsPorts

  constructor(ports: ImagePinsPorts) {
    this.#ports = ports
  }

  /** What machines run, were installed from last, or shall be installed from. */
  all(): Set<string> {
    const { machines, profiles } = this.#ports
    const living = machines.list({}).filter(({ state }) => state !== 'retired')
    const wanted = [...living.map(({ ownSpec }) => ownSpec), ...profiles.list().map(({ spec }) => spec)]
    return new Set([
      ...living.flatMap(({ runningDigest }) => (runningDigest === null ? [] : [runningDigest])),
      ...this.#installed(living),
      ...wanted.flatMap(({ image }) => digestIn(image)),
    ])
  }

  /** What installs that are not over need. */
  installing(): Set<string> {
    const { machines } = this.#ports
    const states = ['assigned', 'booting', 'installing', 'rebooting'] as const
    return this.#installed(machines.list({ states }))
  }

  #installed(machines: readonly MachineRecord[]): Set<string> {
    const outcomes = this.#ports.installs.outcomes(machines.map(({ id }) => id))
    return new Set([...outcomes.values()].map(({ digest }) => digest))
  }
}

function digestIn(image: string | undefined): string[] {
  const at = image?.indexOf('@') ?? -1
  return at < 0 ? [] : [image!.slice(at + 1)]
}
