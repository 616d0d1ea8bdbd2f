// Who this machine is, for the person in front of it.
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { Facts } from '../../../server/contract/facts.ts'

/** Rows for a block on the console: what a label, a delivery note or an inventory would name. */
export function machineRows(facts: Facts): (readonly [string, string])[] {
  const { smbios, nics, disks, cpu } = facts
  const product = [smbios.vendor, smbios.product].filter((text) => text !== undefined).join(' ')
  return [
    ['Hardware', product || 'unknown'],
    ['Serial', smbios.serial ?? 'none'],
    ...(nics.length === 0 ? [['MAC', 'no network card'] as const] : []),
    ...nics.map(({ mac, name, link, addresses }) => {
      const address = addresses[0] ?? (link ? 'no address' : 'no link')
      return ['MAC', `${mac} (${name}), ${address}`] as const
    }),
    ['Firmware', `${facts.firmware.toUpperCase()}${facts.secureBoot ? ', Secure Boot on' : ''}`],
    ['Memory', `${cpu.threads} CPU threads, ${formatBytes(facts.memoryBytes)}`],
    ...disks.map(
      (disk) =>
        [
          'Disk',
          [disk.name, formatBytes(disk.size), disk.model, disk.serial && `serial ${disk.serial}`, disk.blocked]
            .filter((text) => text !== undefined)
            .join(', '),
        ] as const,
    ),
  ]
}
