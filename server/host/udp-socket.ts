/** UDP sockets that are given addresses, never names. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'

/**
 * Takes every address as it is. Node asks its resolver even for those, which puts each datagram off to a later turn and costs more than the
 * system call that sends it.
 */
export function udpSocket(options: Omit<SocketOptions, 'lookup'>): Socket {
  const family = options.type === 'udp6' ? 6 : 4
  return createSocket({ ...options, lookup: (address, _options, found) => found(null, address, family) })
}
