// A DHCPv6 datagram read out. Only options that are known to hold no secret are shown by value.
import type { Datagram } from '../dhcp/events.ts'
import { classifyClient6 } from '../dhcp6/client.ts'
import { decodeMessage } from '../dhcp6/message.ts'
import {
  OPTION6,
  architectureTypes,
  firstOption,
  hex,
  hostName,
  identityAssociations,
  uint16At,
  userClasses,
  vendorClasses,
  type Options6,
} from '../dhcp6/options.ts'
import { messageText6 } from './dhcp-request.ts'
import type { Detail } from './entry-text.ts'

/** What it is, and its fields by name; the reason instead for what cannot be read. */
export function dhcp6Text({
  bytes,
  direction,
  from,
}: Datagram): { name: string; details: Detail[] } | { malformed: string } {
  const decoded = decodeMessage(bytes, direction === 'in' ? 'client' : 'server')
  if ('malformed' in decoded) return decoded
  const { message, relays } = decoded
  const client = direction === 'in' ? classifyClient6(message, relays, from.address).mac : undefined
  const hops = relays.map(({ linkAddress, peerAddress }): Detail => [
    'Relay',
    `link ${linkAddress}, peer ${peerAddress}`,
  ])
  return {
    name: messageText6(message.type),
    details: [
      ['Client', client],
      ['Transaction', message.transaction.toString(16).padStart(6, '0')],
      ...hops,
      ...optionDetails(message.options),
    ],
  }
}

/** Options that are shown by value; of all others only the number is told. */
const SHOWN: ReadonlySet<number> = new Set([
  OPTION6.clientId,
  OPTION6.serverId,
  OPTION6.iaNa,
  OPTION6.elapsedTime,
  OPTION6.statusCode,
  OPTION6.userClass,
  OPTION6.vendorClass,
  OPTION6.clientFqdn,
  OPTION6.bootFileUrl,
  OPTION6.clientArchitecture,
])

function optionDetails(options: Options6): Detail[] {
  const hexOf = (code: number) => {
    const value = firstOption(options, code)
    return value && hex(value)
  }
  const elapsed = firstOption(options, OPTION6.elapsedTime)
  const url = firstOption(options, OPTION6.bootFileUrl)
  const status = firstOption(options, OPTION6.statusCode)
  const addresses = identityAssociations(options).map(
    ({ iaid, addresses: all }) => `${iaid}: ${all.join(' ') || 'none'}`,
  )
  const others = [...new Set(options.map(([code]) => code))].filter((code) => !SHOWN.has(code))
  return [
    ['1 client', hexOf(OPTION6.clientId)],
    ['2 server', hexOf(OPTION6.serverId)],
    ['3 addresses', addresses.join(', ')],
    ['8 elapsed hundredths', elapsed?.length === 2 ? uint16At(elapsed, 0) : undefined],
    ['13 status', status && `${uint16At(status, 0)} ${Buffer.from(status.subarray(2)).toString('latin1')}`],
    ['15 user class', userClasses(options).join(', ')],
    ['16 vendor class', vendorClasses(options).join(', ')],
    ['39 host name', hostName(options)],
    ['59 boot file', url && Buffer.from(url).toString('latin1')],
    ['61 architecture', architectureTypes(options).join(', ')],
    ['Other options', others.join(', ')],
  ]
}
