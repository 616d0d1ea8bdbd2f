// How many connections one client, and all of them, may hold: a listener that is full of one client's is closed to all others.
import type { Server, Socket } from 'node:net'

export interface ConnectionLimits {
  total: number
  /** By the client's address. No limit where clients come through a proxy, and so from one address. */
  perAddress?: number
}

/** A refusal is said once a second at most: a flood must not become a flood of log lines. */
const REPORT_MS = 1000

/** Closes connections beyond the limits as soon as they are made, and tells of it. To be called before the server listens. */
export function limitConnections(
  server: Server,
  { total, perAddress = total }: ConnectionLimits,
  onRefused: (address: string) => void,
): void {
  const open = new Map<string, number>()
  let lastReport = -Infinity
  const report = (address = 'unknown'): void => {
    const now = performance.now()
    if (now - lastReport < REPORT_MS) return
    lastReport = now
    onRefused(address)
  }
  server.maxConnections = total
  server.on('drop', (dropped) => report(dropped?.remoteAddress))
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress
    // Gone again before it was looked at.
    if (address === undefined) return void socket.destroy()
    const count = (open.get(address) ?? 0) + 1
    if (count > perAddress) {
      report(address)
      return void socket.destroy()
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = open.get(address)! - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}
