// Images that machines hold on to by digest: garbage collection leaves them alone.
import type { ImageTrackStore } from './image-tracks.ts'
import type { InstallStore } from './install-store.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import type { ProfileStore } from './profile-store.ts'

export interface ImagePinsPorts {
  machines: Pick<MachineStore, 'list'>
  installs: Pick<InstallStore, 'outcomes'>
  profiles: Pick<ProfileStore, 'list'>
  tracks: Pick<ImageTrackStore, 'list' | 'history'>
  /** What a reference stands for now. */
  digestOf: (reference: string) => string | undefined
}

/** Of a followed tag: what it is, and the way back to what it was before. */
const KEPT_OF_TRACK = 2

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

  /** What must stay whatever room is wanted, and why: also what tags stand for that machines or profiles name, and what followed tags were last. */
  needed(): Map<string, string> {
    const { machines, profiles, tracks, installs, digestOf } = this.#ports
    const needed = new Map<string, string>()
    const note = (digest: string | null | undefined, why: string): void => {
      if (digest && !needed.has(digest)) needed.set(digest, why)
    }
    const living = machines.list({}).filter(({ state }) => state !== 'retired')
    const outcomes = installs.outcomes(living.map(({ id }) => id))
    for (const { id, name, runningDigest, ownSpec } of living) {
      note(runningDigest, `machine ${name} runs it`)
      note(outcomes.get(id)?.digest, `machine ${name} is installed from it`)
      note(ownSpec.image && digestOf(ownSpec.image), `machine ${name} shall run it`)
    }
    for (const { name, spec } of profiles.list()) note(spec.image && digestOf(spec.image), `profile ${name} names it`)
    for (const { repository, tag } of tracks.list()) {
      const reference = `${repository}:${tag}`
      note(digestOf(reference), `${reference} is followed`)
      const taken = tracks.history(repository, tag).filter(({ outcome }) => outcome === 'taken')
      for (const { digest } of taken.slice(0, KEPT_OF_TRACK)) note(digest, `${reference} was it before`)
    }
    return needed
  }

  /** Images that followed tags stood for once: where they came from has them still. */
  followedBefore(): Set<string> {
    const { tracks } = this.#ports
    return new Set(
      tracks
        .list()
        .flatMap(({ repository, tag }) =>
          tracks.history(repository, tag).map(({ digest }) => `${repository}@${digest}`),
        ),
    )
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
