// Holds installs back until their image is here whole: what is not here cannot be read, and what was not read may be unfit for a disk.
import type { ImageArrivals } from './images.ts'
import type { ContentGate, ContentVerdict } from './layers.ts'

export interface WholeImagesPorts {
  arrivals: ImageArrivals
  contents: ContentGate
}

/** Without it, installs begin at once: layers that are not here yet are held against digest, diff-id and bounds by the agent alone. */
export class WholeImages implements ContentGate {
  readonly #ports: WholeImagesPorts
  #news: Promise<void> | undefined

  constructor(ports: WholeImagesPorts) {
    this.#ports = ports
  }

  async check(image: { repository: string; digest: string }): Promise<ContentVerdict> {
    const { arrivals, contents } = this.#ports
    const arrival = await arrivals.want(image)
    const read = await contents.check(image)
    if (!arrival || read.state === 'refused') return read
    const { layers, totalLayers, problem } = arrival
    return { state: 'fetching', layers, totalLayers, problem: problem?.message }
  }

  /** One promise until there is news: each race would stay with the promises that it watches, and every poll asks. */
  settled(): Promise<void> {
    const { arrivals, contents } = this.#ports
    this.#news ??= Promise.race([arrivals.settled(), contents.settled()]).finally(() => (this.#news = undefined))
    return this.#news
  }
}
