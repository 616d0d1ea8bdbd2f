// A DHCP client in words.
import type { Client } from '../dhcp/client.ts'
import type { BootSummary } from '../dhcp/events.ts'

/** `x64 UEFI firmware (PXE)`, `iPXE 1.21.1 on x86 BIOS`, `operating system (udhcp 1.36.1)`. */
export function describeClient({ kind, architecture, ipxe, vendorClass }: Client): string {
  const machine = architecture?.name.replace(/ HTTP$/, '')
  switch (kind) {
    case 'pxe':
      return `${machine ?? 'untold'} firmware (PXE)`
    case 'http':
      return `${machine ?? 'untold'} firmware (HTTP Boot)`
    case 'ipxe':
      return `iPXE${ipxe?.version === undefined ? '' : ` ${ipxe.version}`}${machine === undefined ? '' : ` on ${machine}`}`
    case 'u-boot':
      return `U-Boot${machine === undefined ? '' : ` on ${machine}`}`
    case 'raspberry-pi':
      return 'boot loader of a Raspberry Pi'
    case 'plain':
      return `operating system${vendorClass ? ` (${vendorClass})` : ''}`
  }
}

/** Why this client is told this file. */
export function reasonOfFile(client: Client, boot: BootSummary): string {
  const isSigned = /(^|\/)shim[^/]*$/i.test(boot.file)
  const why = isSigned ? '; signed shim and GRUB, as its firmware refused iPXE or boot.loader says so' : ''
  return reasonOfKind(client, boot) + why
}

function reasonOfKind({ kind, architecture, ipxe, userClasses }: Client, { kind: offered }: BootSummary): string {
  const type = architecture ? `architecture type ${architecture.code} (${architecture.name})` : 'no architecture told'
  if (offered === 'script') return 'user class iPXE, and its build can fetch scripts by HTTP'
  if (kind === 'ipxe') {
    const features = ipxe?.features.join(', ')
    return `user class iPXE, but its build cannot fetch scripts by HTTP${features ? ` (it can: ${features})` : ''}; ${type}`
  }
  const classes = userClasses.length === 0 ? 'user class absent' : `user class ${userClasses.join(', ')}`
  if (kind === 'http') return `${type}, which fetches by URL; ${classes}`
  if (kind === 'raspberry-pi') return `MAC address or type of a Raspberry Pi; ${classes}`
  return `${type}${architecture ? '' : ', so it is taken for BIOS'}; ${classes}`
}
