// Connections as kickstart commands (kickstart-and-iso.md section 2.5).
import type { Connection } from '../contract/spec-network.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'
import type { OptionValue } from './command.ts'

/**
 * One command per connection, the first with the host name; without any, DHCP on the NIC that booted. Anaconda 44 and later leave a NIC
 * without a command unconfigured, so there is always one.
 *
 * @param bootDevice what the NIC that booted is called: `bootif` where the boot loader tells it, else `link`
 */
export function networkCommands(
  { network, hostname }: Pick<MachineSpec, 'network' | 'hostname'>,
  bootDevice: 'bootif' | 'link',
): string[] {
  if (network.length === 0) {
    return [ksCommand('network', { device: bootDevice, bootproto: 'dhcp', activate: true, onboot: 'yes', hostname })]
  }
  return network.map((connection, at) =>
    ksCommand('network', {
      ...deviceOptions(connection),
      ...ipv4Options(connection),
      ...ipv6Options(connection),
      nameserver: connection.nameservers.length > 0 ? connection.nameservers : undefined,
      activate: true,
      onboot: 'yes',
      hostname: at === 0 ? hostname : undefined,
    }),
  )
}

/** Anaconda wants members of a bond by the names its kernel gives them, which only %pre can know. */
function nicPlaceholder(mac: string): string {
  return `@landfall-nic-${mac}@`
}

function deviceOptions({ macs, bond, vlan }: Connection): Record<string, OptionValue> {
  if (!bond) return { device: macs[0], vlanid: vlan }
  const options = Object.entries({ mode: bond.mode, ...bond.options }).map(([name, value]) => `${name}=${value}`)
  // A VLAN on a bond is one command, not two.
  return { device: bond.name, bondslaves: macs.map(nicPlaceholder), bondopts: options.join(','), vlanid: vlan }
}

function ipv4Options({ ipv4 }: Connection): Record<string, OptionValue> {
  switch (ipv4.method) {
    case 'dhcp':
      return { bootproto: 'dhcp' }
    case 'none':
      return { noipv4: true }
    case 'static': {
      const [address, prefix] = ipv4.address.split('/')
      return { bootproto: 'static', ip: address, netmask: netmask(Number(prefix)), gateway: ipv4.gateway }
    }
  }
}

function ipv6Options({ ipv6 }: Connection): Record<string, OptionValue> {
  switch (ipv6.method) {
    case 'auto':
    case 'dhcp':
      return { ipv6: ipv6.method }
    case 'none':
      return { noipv6: true }
    case 'static':
      return { ipv6: ipv6.address, ipv6gateway: ipv6.gateway }
  }
}

function netmask(prefix: number): string {
  return [0, 8, 16, 24].map((at) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - at)))).join('.')
}
