/** A listener whose port another program may hold: it is tried again until it is free. */
import { DhcpError } from './errors.ts'
import type { DhcpEvent } from './events.ts'
import type { Listener } from './listener.ts'

export interface PatientListenerOptions {
  interface: string
  listener: Listener
  onEvent: (event: DhcpEvent) => void
  /** Called whenever the sockets are open. */
  onOpen?: () => void
  /** How long a taken port is left alone before it is tried again. */
  retryMs?: number | undefined
}

const RETRY_MS = 30_000

/** `start` resolves also while the port is taken: `problem` says so then. For any other failure it rejects. */
export class PatientListener implements Listener {
  readonly #options: PatientListenerOptions
  #problem: string | null = null
  #running = false
  #stopped = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: PatientListenerOptions) {
    this.#options = options
  }

  get running(): boolean {
    return this.#running
  }

  /** Why it does not run. */
  get problem(): string | null {
    return this.#problem
  }

  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      if (!(error instanceof DhcpError) || error.code !== 'ADDRESS_IN_USE') throw error
      this.#tryLater(error)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    await this.#options.listener.stop()
  }

  async #open(): Promise<void> {
    const { listener, onOpen } = this.#options
    await listener.start()
    if (this.#stopped) return listener.stop()
    this.#problem = null
    this.#running = true
    onOpen?.()
  }

  #tryLater(error: Error): void {
    if (this.#stopped) return
    const { interface: name, onEvent, retryMs = RETRY_MS } = this.#options
    if (this.#problem !== error.message) onEvent({ type: 'port-busy', interface: name, error })
    this.#problem = error.message
    this.#retry = setTimeout(() => void this.#open().catch((again: Error) => this.#tryLater(again)), retryMs)
  }
}
