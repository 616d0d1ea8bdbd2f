// What an install tells: to the person at the console and, as events, to the server.
import type { EraseBegin, EraseEnd } from '../../../server/contract/erase.ts'
import type { LayersReport } from '../../../server/contract/install-layers.ts'
import type { InstallStepName } from '../../../server/contract/install.ts'
import { progressBar } from '../console.ts'
import type { Console } from '../console.ts'
import type { EventClient } from './event-client.ts'

/** Longest log text the protocol takes. */
const TEXT_LIMIT = 16_384
/** Pauses between two progress events and between two console lines, milliseconds. */
const EVENT_PAUSE = 500
const CONSOLE_PAUSE = 1000
/** The rate shown is that of the last seconds. */
const RATE_WINDOW = 5000

export class Reporter {
  readonly #console: Console
  readonly #events: Pick<EventClient, 'emit' | 'flush'>
  readonly #now: () => number
  #current: InstallStepName = 'identify'

  /** `now` counts milliseconds from anywhere. */
  constructor(
    console: Console,
    events: Pick<EventClient, 'emit' | 'flush'>,
    now: () => number = () => performance.now(),
  ) {
    this.#console = console
    this.#events = events
    this.#now = now
  }

  /** The step that runs or ran last: where a failure belongs. */
  get current(): InstallStepName {
    return this.#current
  }

  /** Runs one step and reports its beginning and, unless it throws, its end. */
  async step<T>(step: InstallStepName, message: string, run: () => Promise<T>, totalBytes?: number): Promise<T> {
    this.#current = step
    this.#console.say(`== ${step}: ${message}`)
    this.#events.emit({ type: 'step-started', step, message, ...(totalBytes === undefined ? {} : { totalBytes }) })
    const started = this.#now()
    const result = await run()
    this.#console.say(`== ${step}: done in ${((this.#now() - started) / 1000).toFixed(1)} s`)
    this.#events.emit({ type: 'step-done', step, message: '' })
    return result
  }

  readonly say = (text: string): void => this.#log('info', text)

  readonly warn = (text: string): void => this.#log('warn', text)

  /** Resolves when the server knows: a machine that loses power then has not erased a disk unseen. */
  readonly erasing = async (report: EraseBegin): Promise<void> => {
    this.#events.emit({ type: 'disk-erasing', report })
    await this.#events.flush()
  }

  readonly erased = (report: EraseEnd): void => this.#events.emit({ type: 'disk-erased', report })

  /** A function for often-called progress: thinned for console and events, the last one always told. `layers` is called when it is. */
  progress(): (bytes: number, totalBytes: number, message: string, layers?: () => LayersReport) => void {
    const samples: { at: number; bytes: number }[] = []
    let told = -Infinity
    let shown = -Infinity
    return (bytes, totalBytes, message, layers) => {
      const at = this.#now()
      const last = bytes >= totalBytes
      if (at - told >= EVENT_PAUSE || last) {
        told = at
        const step = this.#current
        this.#events.emit({ type: 'progress', step, bytes, totalBytes, message, ...(layers && { layers: layers() }) })
      }
      if (at - shown >= CONSOLE_PAUSE || last) {
        shown = at
        samples.push({ at, bytes })
        while (samples.length > 2 && at - samples[0]!.at > RATE_WINDOW) samples.shift()
        const first = samples[0]!
        const rate = at > first.at ? ((bytes - first.bytes) * 1000) / (at - first.at) : 0
        this.#console.progress(`${progressBar(bytes, totalBytes, rate)}  ${message}`)
      }
    }
  }

  #log(level: 'info' | 'warn', text: string): void {
    this.#console.say(level === 'warn' ? `WARNING: ${text}` : text)
    this.#events.emit({ type: 'log', level, text: text.slice(0, TEXT_LIMIT) })
  }
}
