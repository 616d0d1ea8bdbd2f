/** The sockets of transfers: one for each, from the address that was asked to the client that asked. */
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { openUdp } from '../host/system-calls.ts'
import { bound, codeOf, socketFor } from './udp.ts'

export interface TransferSocket {
  socket: Socket
  /** Good until the socket is closed; `undefined` where Node alone can read from it. */
  descriptor: number | undefined
}

export class TransferSockets {
  readonly #address: string
  readonly #from: number
  readonly #count: number
  #next = 0

  /** Without `ports` the kernel chooses. */
  constructor(address: string, ports: { from: number; to: number } = { from: 0, to: 0 }) {
    this.#address = address
    this.#from = ports.from
    this.#count = ports.to - ports.from + 1
  }

  /**
   * Bound to the address that was asked, as edk2 takes replies from no other, and connected, so that the kernel drops strangers' datagrams.
   * Rejects with the system's error, EADDRINUSE when all ports are taken.
   */
  async open(remote: { address: string; port: number }): Promise<TransferSocket> {
    for (let attempt = 1; ; attempt++) {
      const socket = socketFor(this.#address)
      try {
        const port = this.#from + (this.#next++ % this.#count)
        const descriptor = isIPv6(this.#address) ? undefined : openUdp(this.#address, port)
        await bound(socket, descriptor === undefined ? { address: this.#address, port } : { fd: descriptor })
        await connected(socket, remote)
        return { socket, descriptor }
      } catch (error) {
        socket.close()
        if (attempt >= this.#count || codeOf(error) !== 'EADDRINUSE') throw error
      }
    }
  }
}

function connected(socket: Socket, { address, port }: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.connect(port, address, () => {
      socket.removeListener('error', reject)
      resolve()
    })
  })
}
