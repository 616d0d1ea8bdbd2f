// One registry and its mirrors, as one source: each is tried in order until one has what is asked for, and has it right.
import { OciError } from './errors.ts'
import type { OciErrorCode } from './errors.ts'
import type { Lookaside } from './lookaside.ts'
import type { RegistryClient } from './registry-client.ts'

/** Where copies of the registry's repositories lie. */
export interface UpstreamPlace {
  client: RegistryClient
  /** The registry's repository by its name in this place. */
  nameOf: (repository: string) => string
}

/** So long a place that did not answer comes last. */
const AWAY_MS = 60_000

/** What another place may do better; all else is about this server. */
const ABOUT_PLACE: ReadonlySet<OciErrorCode> = new Set([
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'UNAUTHORIZED',
  'REGISTRY_UNREACHABLE',
  'REGISTRY_ERROR',
])

export class UpstreamSource {
  /** Where GPG signatures of its images lie. */
  readonly lookaside: Lookaside | undefined
  readonly #places: readonly UpstreamPlace[]
  readonly #awaySince = new Map<UpstreamPlace, number>()

  /** The registry itself is the last of `places`. */
  constructor(places: readonly UpstreamPlace[], lookaside?: Lookaside) {
    this.#places = places
    this.lookaside = lookaside
  }

  /** Ends the connections to all of them. */
  async close(): Promise<void> {
    await Promise.all([this.lookaside?.close(), ...this.#places.map(({ client }) => client.close())])
  }

  /**
   * Runs `work`, which verifies what it gets, with one place after the other until it succeeds. Throws the error of the registry itself,
   * with what the others said.
   */
  async any<T>(repository: string, work: (client: RegistryClient, repository: string) => Promise<T>): Promise<T> {
    const errors = new Map<UpstreamPlace, OciError>()
    for (const place of this.#inOrder()) {
      try {
        const result = await work(place.client, place.nameOf(repository))
        this.#awaySince.delete(place)
        return result
      } catch (error) {
        if (!(error instanceof OciError) || !ABOUT_PLACE.has(error.code)) throw error
        if (error.code === 'REGISTRY_UNREACHABLE') this.#awaySince.set(place, Date.now())
        errors.set(place, error)
      }
    }
    throw this.#failure(errors)
  }

  #inOrder(): UpstreamPlace[] {
    const isAway = (place: UpstreamPlace) => Date.now() - (this.#awaySince.get(place) ?? -Infinity) < AWAY_MS
    return [...this.#places.filter((place) => !isAway(place)), ...this.#places.filter(isAway)]
  }

  #failure(errors: ReadonlyMap<UpstreamPlace, OciError>): OciError {
    const registry = this.#places.at(-1)!
    const main = errors.get(registry)!
    if (errors.size === 1) return main
    const others = [...errors.values()].filter((error) => error !== main).map(({ message }) => message)
    return new OciError(main.code, `${main.message}; its mirrors: ${others.join('; ')}`, {
      cause: main,
      temporary: main.temporary,
      ...(main.hint !== undefined && { hint: main.hint }),
    })
  }
}
