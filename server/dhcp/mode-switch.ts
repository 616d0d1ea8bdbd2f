/** One link in mode `auto`: hands messages to server or proxy, as the probes of that link have it. */
import { AutoMode, type ModeChange, type ServingMode } from './auto-mode.ts'
import type { DhcpEvent } from './events.ts'
import { guarded, ignored } from './outcomes.ts'
import { messageType } from './options.ts'
import { Prober, type ProberOptions } from './prober.ts'
import type { Outcome, Received, Responder } from './reply.ts'

export interface ModeSwitchOptions extends Pick<ProberOptions, 'interface' | 'address' | 'times'> {
  server: Responder
  proxy: Responder
  /** Whether a message is a probe of ours, of whatever link: none of our own servers may answer it. */
  isProbe: (xid: number) => boolean
  onEvent: (event: DhcpEvent) => void
}

export class ModeSwitch implements Responder {
  readonly #options: ModeSwitchOptions
  readonly #auto = new AutoMode()
  readonly #prober: Prober
  readonly #undecided: Responder
  #problem: string | undefined

  constructor(options: ModeSwitchOptions) {
    this.#options = options
    this.#undecided = guarded((received, client) =>
      ignored('undecided-mode', messageType(received.packet.options), client),
    )
    const { interface: name, address, times, onEvent } = options
    this.#prober = new Prober({
      interface: name,
      address,
      ...(times && { times }),
      onAnswer: (server) => this.#tell(this.#auto.answered(server)),
      onSilence: () => this.#tell(this.#auto.unanswered()),
      onFailure: (error) => {
        if (this.#problem !== error.message) onEvent({ type: 'probe-failed', interface: name, error })
        this.#problem = error.message
      },
    })
  }

  /** Undefined until the first probe is over: until then nobody is answered. */
  get mode(): ServingMode | undefined {
    return this.#auto.mode
  }

  get otherServer(): string | undefined {
    return this.#auto.server
  }

  /** Why there is no looking for other servers now. */
  get problem(): string | undefined {
    return this.#problem
  }

  start(): void {
    this.#prober.start()
  }

  stop(): void {
    this.#prober.stop()
  }

  /** There is a sign of another server. */
  hurry(): void {
    this.#prober.hurry()
  }

  isOwn(xid: number): boolean {
    return this.#prober.isOwn(xid)
  }

  handle(received: Received): Outcome {
    const { isProbe } = this.#options
    if (isProbe(received.packet.xid)) return { replies: [], events: [] }
    const { mode } = this.#auto
    return (mode === undefined ? this.#undecided : this.#options[mode]).handle(received)
  }

  /** Also as proxy: what the server promised before must not be lost. */
  commit(): void {
    this.#options.server.commit?.()
  }

  #tell(change: ModeChange | undefined): void {
    const { interface: name, onEvent } = this.#options
    this.#problem = undefined
    if (change) onEvent({ type: 'mode-changed', interface: name, ...change })
  }
}
