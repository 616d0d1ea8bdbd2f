/** UDP sockets as TFTP needs them: of the family of an address, ready when bound. */
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { udpSocket } from '../host/udp-socket.ts'

export function socketFor(address: string): Socket {
  return udpSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' })
}

/** Rejects with the system's error; the socket is still to be closed then. */
export function bound(socket: Socket, binding: { address: string; port: number } | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ ...binding, exclusive: true }, () => {
      socket.removeListener('error', reject)
      resolve()
    })
  })
}

/** The code of a system's error, such as EADDRINUSE. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
