/** Finds out whether a machine sits on an address, without the raw sockets that ARP would take. */
import type { Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** Nothing listens there; the kernel asks by ARP before it can send, which is all we want. */
const DISCARD_PORT = 9
/** ARP is answered within a millisecond or two on any LAN; this much more is what every machine of a hall that powers on waits. */
const WAIT_MS = 50
const COMPLETE = 0x2

/** The MAC of whoever answers for `address` on the interface, undefined for nobody. Takes 50 ms; never rejects. */
export async function findNeighbour(
  socket: Socket,
  address: string,
  interfaceName: string,
): Promise<string | undefined> {
  try {
    socket.send(new Uint8Array(), DISCARD_PORT, address, () => {})
    await setTimeout(WAIT_MS)
    // The kernel makes it up page by page without waiting for anything: a trip to another thread for each would cost more.
    return parseNeighbours(readFileSync('/proc/net/arp', 'utf8'), address, interfaceName)
  } catch {
    // Without the table there is no telling; the client's own check (DECLINE) remains.
    return undefined
  }
}

/** Looks an address up in the text of /proc/net/arp: IP, hardware type, flags, MAC, mask, device. */
export function parseNeighbours(table: string, address: string, interfaceName: string): string | undefined {
  // A heading comes first, and the table of a large network has a thousand lines: only those of the address are taken apart.
  const start = `\n${address} `
  for (let at = table.indexOf(start); at !== -1; at = table.indexOf(start, at + 1)) {
    const [, , flags, mac, , device] = table.slice(at + 1, table.indexOf('\n', at + 1)).split(/\s+/)
    if (device === interfaceName && Number(flags) & COMPLETE) return mac?.toLowerCase()
  }
  return undefined
}
