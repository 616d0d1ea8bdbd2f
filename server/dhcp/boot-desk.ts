/** Phrases the boot decision for DHCP: which loader, or which script, a client is told to fetch. */
import { decideBoot } from '../core/boot.ts'
import type { BootClient, BootMachine } from '../core/boot.ts'
import type { Inventory } from '../core/inventory.ts'
import type { MachineRecord } from '../core/machine-store.ts'
import type { Architecture } from './architecture.ts'
import type { BootFileFor } from './boot-options.ts'
import type { Client } from './client.ts'

type Platform = NonNullable<Architecture['platform']>

/**
 * The program each platform runs first, by its name on TFTP and below /boot/loaders/. `firmware` is for boot ROMs: it uses their own
 * network driver. `ipxe` is for an iPXE that cannot fetch scripts by HTTP: it brings drivers, for that ROM's may lack what is needed.
 */
const LOADERS: Partial<Record<Platform, { firmware: string; ipxe: string }>> = {
  'x86-bios': { firmware: 'undionly.kpxe', ipxe: 'ipxe.pxe' },
  'x64-uefi': { firmware: 'snponly.efi', ipxe: 'ipxe.efi' },
}

/** What the installer calls the processor of a platform. */
const ARCHITECTURES: Partial<Record<Platform, BootClient['architecture']>> = {
  'x86-bios': 'amd64',
  'x64-uefi': 'amd64',
  'arm64-uefi': 'arm64',
}

/**
 * Answers for every client that netboots. A machine that shall start its disk is sent for a script all the same: the script says so on
 * its screen and in its history, while an offer without a boot file makes UEFI firmware search for a minute.
 */
export function dhcpBootDesk({
  inventory,
  toBoot,
  httpPort,
}: {
  inventory: Inventory
  toBoot: (machine: MachineRecord) => BootMachine
  httpPort: number
}): BootFileFor {
  return ({ client, wants, serverAddress }) => {
    const known = inventory.find(client)
    const decision = decideBoot(known && toBoot(known), {
      ...client,
      ...describe(client, known?.architecture),
    })
    if (decision.kind === 'ignore') {
      return known?.state === 'retired' ? { kind: 'no-boot' } : { kind: 'refuse', reason: decision.reason }
    }
    const boot = `http://${serverAddress}:${httpPort}/boot`
    // Without a query: iPXE is told to ask again with all it knows of its machine.
    if (wants === 'script') return { kind: 'script', url: `${boot}/ipxe` }
    const loaders = LOADERS[platformOf(client)]
    if (!loaders) return { kind: 'refuse', reason: `there is no boot loader for ${client.architecture?.name} machines` }
    const file = client.kind === 'ipxe' ? loaders.ipxe : loaders.firmware
    return { kind: 'loader', file, httpUrl: `${boot}/loaders/${file}` }
  }
}

function describe(client: Client, known: BootClient['architecture'] | null | undefined) {
  const platform = platformOf(client)
  const firmware: BootClient['firmware'] = platform === 'x86-bios' ? 'bios' : 'uefi'
  const architecture = ARCHITECTURES[platform] ?? (client.architecture ? 'other' : (known ?? 'amd64'))
  return { architecture, firmware, via: 'dhcp' as const }
}

/** A client that does not tell is taken for what all boot ROMs were before there was option 93. */
function platformOf(client: Client): Platform {
  return client.architecture?.platform ?? 'x86-bios'
}
