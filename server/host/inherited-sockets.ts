// Sockets that whoever started this process opened for it, as systemd does for socket units (sd_listen_fds(3)).

const FIRST_FD = 3
/** More than any host has links; a number beyond is no count. */
const MAX_SOCKETS = 1024

/** The sockets by name, each given out once, so that what is left over at the end is known to be of no use. */
export class InheritedSockets {
  readonly #sockets: { name: string; fd: number }[]

  /** `names` of descriptors 3 and up. */
  constructor(names: readonly string[] = []) {
    this.#sockets = names.map((name, index) => ({ name, fd: FIRST_FD + index }))
  }

  /** What the variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell; nothing if they were meant for another process. */
  static from(env: NodeJS.ProcessEnv, pid: number): InheritedSockets {
    const count = Number(env['LISTEN_FDS'])
    if (Number(env['LISTEN_PID']) !== pid || !Number.isInteger(count) || count < 1 || count > MAX_SOCKETS) {
      return new InheritedSockets()
    }
    const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
    return new InheritedSockets(Array.from({ length: count }, (_, index) => names[index] || `fd${FIRST_FD + index}`))
  }

  /** The descriptor of the first socket with that name; undefined when there is none, or none any more. */
  take(name: string): number | undefined {
    const index = this.#sockets.findIndex((socket) => socket.name === name)
    return index < 0 ? undefined : this.#sockets.splice(index, 1)[0]!.fd
  }

  /** Names of those that nobody took. */
  get unused(): string[] {
    return this.#sockets.map(({ name }) => name)
  }
}
