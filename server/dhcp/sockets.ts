/** UDP sockets for DHCP: bound by us, or opened by whoever started us with a link to listen on. */
import type { Socket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { activeAddresses } from '../host/addresses.ts'
import { udpSocket } from '../host/udp-socket.ts'
import { DhcpError } from './errors.ts'

/** Where a socket listens; `fd` is one that is bound already. */
export type Binding = { address: string; port: number } | { fd: number }

/**
 * A bound UDP socket that may broadcast. Shares its port with programs that allow it as we do. Throws ADDRESS_IN_USE,
 * NOT_PERMITTED or LISTEN_FAILED naming the socket.
 */
export async function openSocket(name: string, binding: Binding): Promise<Socket> {
  const socket = udpSocket({ type: 'udp4', reuseAddr: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ ...binding, exclusive: true }, resolve)
    })
    socket.setBroadcast(true)
  } catch (cause) {
    socket.close()
    throw listenError(name, cause)
  }
  socket.removeAllListeners('error')
  return socket
}

const BUSY =
  'Stop it, or have it share (dnsmasq: --bind-interfaces); beside a DHCP server that stays, use proxy mode on another address'

/** What kept a socket from being opened, as people can act on it. `busy` says what to do about another program that holds its port. */
export function listenError(name: string, cause: unknown, busy = BUSY): DhcpError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  switch (code) {
    case 'EADDRINUSE':
      return new DhcpError('ADDRESS_IN_USE', `opening ${name}: another program holds the port. ${busy}`, { cause })
    case 'EACCES':
    case 'EPERM':
      return new DhcpError('NOT_PERMITTED', `opening ${name}: needs root or CAP_NET_BIND_SERVICE`, { cause })
    default: {
      const said = cause instanceof Error ? cause.message : String(cause)
      return new DhcpError('LISTEN_FAILED', `opening ${name}: ${said}`, { cause })
    }
  }
}

/** Every IPv4 address of this host. */
export function hostAddresses(): Set<string> {
  return new Set(activeAddresses().map(({ address }) => address))
}

/**
 * Other links whose broadcasts a socket on 0.0.0.0 would hear too: interfaces that are up, apart from loopback and from the ports of
 * bridges and bonds, whose traffic arrives by their master.
 */
export function otherLinks(name: string): string[] {
  return Object.entries(networkInterfaces())
    .filter(([other, list]) => other !== name && list?.some(({ internal }) => !internal))
    .map(([other]) => other)
    .filter((other) => !existsSync(`/sys/class/net/${other}/master`))
}
