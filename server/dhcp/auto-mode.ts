/** Mode `auto`: give addresses, unless another DHCP server answers our own probes. Decides; knows no sockets and no clock. */

export type ServingMode = 'server' | 'proxy'

/** What a probe changed. */
export interface ModeChange {
  mode: ServingMode
  /** The other server, for `proxy`. */
  server?: string
}

/** So many probes in a row must stay unanswered before addresses are given again: a server that reboots is away for minutes. */
const QUIET_PROBES = 3

/** Undecided until the first probe is over. One answer makes it `proxy` at once: two servers do harm from the first client on. */
export class AutoMode {
  #mode: ServingMode | undefined
  #server: string | undefined
  #quiet = 0

  get mode(): ServingMode | undefined {
    return this.#mode
  }

  /** Who answered last, while the mode is `proxy`. */
  get server(): string | undefined {
    return this.#server
  }

  answered(server: string): ModeChange | undefined {
    this.#quiet = 0
    const news = this.#mode !== 'proxy' || this.#server !== server
    this.#mode = 'proxy'
    this.#server = server
    return news ? { mode: 'proxy', server } : undefined
  }

  unanswered(): ModeChange | undefined {
    this.#quiet++
    if (this.#mode === 'server' || (this.#mode === 'proxy' && this.#quiet < QUIET_PROBES)) return undefined
    this.#mode = 'server'
    this.#server = undefined
    return { mode: 'server' }
  }
}
