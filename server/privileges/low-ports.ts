// Which listeners need a right of their own: ports that belong to services of the system.
import { readFileSync } from 'node:fs'
import type { LoadedConfig } from '../config/load.ts'

const DHCP_PORT = 67
const DHCP6_PORT = 547
const FIRST_UNPRIVILEGED = 1024

/**
 * Whether the configuration asks for ports below `first`, the lowest that everybody may open. While nobody has said who gives addresses, it
 * may come to that: the set-up page looks for other servers, and has DHCP start without root.
 */
export function needsLowPorts({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>, first: number): boolean {
  const { dhcp, dhcp6, tftp, http, https } = config
  const isUndecided = origins['dhcp.mode'] === 'default'
  const ports = [
    http.port,
    https.port,
    ...(tftp.enabled ? [tftp.port] : []),
    ...(dhcp.mode === 'off' && !isUndecided ? [] : [DHCP_PORT]),
    ...(dhcp6.mode === 'off' ? [] : [DHCP6_PORT]),
  ]
  return ports.some((port) => port < first)
}

/** The lowest port that everybody may open here. */
export function firstUnprivilegedPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    return FIRST_UNPRIVILEGED
  }
}
