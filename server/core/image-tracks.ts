// Follows tags of other registries: each is looked up every so often, and moves here when what it stands for now is trusted and complete.
import { CodedError } from '../contract/coded-error.ts'
import type { Image, PullRequest, TrackRequest } from '../contract/image.ts'
import { intervalMs } from '../contract/image-track.ts'
import type { ImageHistory, ImageTrack, TrackedDigest } from '../contract/image-track.ts'
import type { Clock } from './clock.ts'
import { timestamp } from './clock.ts'
import { CoreError } from './errors.ts'
import type { EventLog } from './events.ts'
import type { Transactions } from './transactions.ts'
import type { TrustGate } from './trust.ts'

export interface TrackRecord extends Pick<ImageTrack, 'every' | 'checkedAt' | 'nextAt' | 'problem'> {
  repository: string
  tag: string
  request: PullRequest
}

/** Synchronous: a returned call is on disk. */
export interface ImageTrackStore {
  /** In the order of their names. */
  list(): TrackRecord[]
  get(repository: string, tag: string): TrackRecord | undefined
  put(record: TrackRecord): void
  /** With its history. False when there was none. */
  remove(repository: string, tag: string): boolean
  /** The newest first. */
  history(repository: string, tag: string): TrackedDigest[]
  append(repository: string, tag: string, entry: TrackedDigest): void
}

/** What following asks of the image store. */
export interface TrackedImages {
  /** What an image is called here. */
  nameFor(request: PullRequest): { repository: string; tag: string }
  /** What a tag here points to. */
  digestOf(repository: string, tag: string): string | undefined
  /** What the source's tag stands for now. */
  lookUp(request: PullRequest, signal: AbortSignal): Promise<string>
  /** Brings it in; `admit` may refuse it by throwing, before its layers are fetched and before the tag moves. */
  pull(
    request: PullRequest,
    onProgress: () => void,
    signal: AbortSignal,
    admit: (digest: string, platforms: readonly string[]) => Promise<void>,
  ): Promise<Image>
}

export interface ImageTracksPorts {
  tracks: ImageTrackStore
  images: TrackedImages
  trust: TrustGate
  events: EventLog
  transactions: Transactions
  clock: Clock
  /** Hears why a round ended early: the store failed. The next one is another chance. */
  onError: (error: unknown) => void
}

/** A digest that the policy of its repository does not let in. */
class Refusal extends Error {
  readonly digest: string
  readonly code: string

  constructor(digest: string, code: string, message: string) {
    super(message)
    this.digest = digest
    this.code = code
  }
}

export class ImageTracks {
  readonly #ports: ImageTracksPorts
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(ports: ImageTracksPorts) {
    this.#ports = ports
  }

  list(): ImageTrack[] {
    return this.#ports.tracks.list().map(view)
  }

  get(repository: string, tag: string): ImageTrack | undefined {
    const record = this.#ports.tracks.get(repository, tag)
    return record && view(record)
  }

  /** Throws IMAGE_NOT_FOUND for a tag that is not followed. */
  history(repository: string, tag: string): ImageHistory {
    const track = this.get(repository, tag)
    if (!track) throw notFollowed(repository, tag)
    return { track, digests: this.#ports.tracks.history(repository, tag) }
  }

  /** Follows from now on, or otherwise than before. The first look is due at once: `runDue` takes it. */
  follow({ every, ...request }: TrackRequest, actor: string): ImageTrack {
    const { tracks, images, events, transactions, clock } = this.#ports
    const name = images.nameFor(request)
    const record = { ...name, request, every, checkedAt: null, nextAt: timestamp(clock), problem: null }
    return transactions.transaction(() => {
      tracks.put(record)
      const track = view(record)
      const message = `image ${track.reference} follows ${track.source} every ${every}`
      events.append({ type: 'image.track', actor, message, data: { reference: track.reference, source: track.source } })
      return track
    })
  }

  /** The image stays. Throws IMAGE_NOT_FOUND for a tag that is not followed. */
  unfollow(repository: string, tag: string, actor: string): void {
    const { tracks, events, transactions } = this.#ports
    transactions.transaction(() => {
      if (!tracks.remove(repository, tag)) throw notFollowed(repository, tag)
      const reference = `${repository}:${tag}`
      const message = `image ${reference} follows nothing any more`
      events.append({ type: 'image.track', actor, message, data: { reference } })
    })
  }

  /** Looks up what is due, one after the other: the line is shared with machines that are being installed. Never rejects. */
  runDue(): Promise<void> {
    this.#running ??= this.#runDue()
      .catch(this.#ports.onError)
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }

  /** Ends what is under way and resolves when that is over. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #runDue(): Promise<void> {
    const { tracks, clock } = this.#ports
    const isDue = ({ nextAt }: TrackRecord) => nextAt <= timestamp(clock)
    for (let due = tracks.list().find(isDue); due; due = tracks.list().find(isDue)) {
      const outcome = await this.#look(due)
      if (this.#stopping.signal.aborted) return
      this.#record(due, outcome)
    }
  }

  async #look({ repository, tag, request }: TrackRecord): Promise<Image | Refusal | Error | undefined> {
    const { images } = this.#ports
    const { signal } = this.#stopping
    try {
      if ((await images.lookUp(request, signal)) === images.digestOf(repository, tag)) return undefined
      return await images.pull(
        request,
        () => {},
        signal,
        (digest, platforms) => this.#admit(repository, digest, platforms),
      )
    } catch (error) {
      return error as Error
    }
  }

  async #admit(repository: string, root: string, platforms: readonly string[]): Promise<void> {
    for (const digest of platforms) {
      const { verdict } = await this.#ports.trust.check({ repository, digest })
      if (!verdict.trusted) throw new Refusal(root, verdict.code ?? 'IMAGE_REJECTED', verdict.message)
    }
  }

  #record(looked: TrackRecord, outcome: Image | Refusal | Error | undefined): void {
    const { tracks, events, transactions, clock } = this.#ports
    const { repository, tag } = looked
    transactions.transaction(() => {
      // Meanwhile somebody may have ended it, or wants it otherwise.
      const record = tracks.get(repository, tag)
      if (!record || record.nextAt !== looked.nextAt) return
      const { reference, source } = view(record)
      const at = timestamp(clock)
      const problem = outcome instanceof Error ? problemOf(outcome) : null
      const nextAt = new Date(clock.now().getTime() + intervalMs(record.every)).toISOString()
      tracks.put({ ...record, checkedAt: at, nextAt, problem })

      const entry = entryOf(outcome, at)
      const [last] = tracks.history(repository, tag)
      const isNews = entry && (last?.digest !== entry.digest || last.outcome !== entry.outcome)
      if (isNews) tracks.append(repository, tag, entry)
      if (isNews && entry.outcome === 'taken') {
        const message = `image ${reference} moved to ${entry.digest}, as ${source} did`
        events.append({ type: 'image.added', message, data: { reference, digest: entry.digest } })
      } else if (isNews) {
        const message = `image ${reference} stays: ${source} is ${entry.digest} now, which was refused: ${entry.message}`
        events.append({ type: 'image.refused', message, data: { reference, digest: entry.digest, ...problem } })
      } else if (problem?.code !== record.problem?.code && !(outcome instanceof Refusal)) {
        const message = problem
          ? `image ${reference} cannot follow ${source}: ${problem.message}`
          : `image ${reference} follows ${source} again`
        events.append({ type: 'image.track', message, data: { reference, source, ...problem } })
      }
    })
  }
}

function view({ repository, tag, request, every, checkedAt, nextAt, problem }: TrackRecord): ImageTrack {
  return { reference: `${repository}:${tag}`, source: request.reference, every, checkedAt, nextAt, problem }
}

function entryOf(outcome: Image | Error | undefined, at: string): TrackedDigest | undefined {
  if (outcome instanceof Refusal) return { digest: outcome.digest, at, outcome: 'refused', message: outcome.message }
  if (outcome === undefined || outcome instanceof Error) return undefined
  return { digest: outcome.digest, at, outcome: 'taken', message: '' }
}

function problemOf(error: Error): { code: string; message: string } {
  const code = error instanceof CodedError || error instanceof Refusal ? error.code : 'INTERNAL'
  return { code, message: error.message }
}

function notFollowed(repository: string, tag: string): CoreError {
  return new CoreError('IMAGE_NOT_FOUND', `${repository}:${tag} follows nothing`, {
    hint: '`landfall image tracks` shows what does',
  })
}
