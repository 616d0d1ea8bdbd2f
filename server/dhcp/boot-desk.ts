/** Phrases the boot decision for DHCP: which loader, or which script, a client is told to fetch. */
import { basename } from 'node:path/posix'
import { decideBoot } from '../core/boot.ts'
import type { BootClient, BootMachine, Installers } from '../core/boot.ts'
import { unlessStoreFails } from '../core/errors.ts'
import type { EventLog } from '../core/events.ts'
import type { Inventory } from '../core/inventory.ts'
import { chooseLoader } from '../core/loader-choice.ts'
import type { LoaderChoice } from '../core/loader-choice.ts'
import type { MachineRecord } from '../core/machine-store.ts'
import { urlHost } from '../host/ipv6.ts'
import type { BootFileFor } from './boot-options.ts'
import type { Client } from './client.ts'
import type { LoaderWatch } from './loader-watch.ts'
import { hasFamilies, loaderFor, type Platform } from './loaders.ts'

/** What the installer calls the processor of a platform. */
const ARCHITECTURES: Partial<Record<Platform, BootClient['architecture']>> = {
  'x86-bios': 'amd64',
  'x64-uefi': 'amd64',
  'arm64-uefi': 'arm64',
  'arm64-uboot': 'arm64',
  'raspberry-pi': 'arm64',
}

/** Strangers whose firmware refuses iPXE are remembered by MAC, the newest ones: whoever is brought in is remembered for good. */
const MAX_STRANGERS = 10_000

export interface BootDeskPorts {
  inventory: Pick<Inventory, 'find' | 'loaderHints' | 'noteIpxeRefused'>
  events: Pick<EventLog, 'append'>
  toBoot: (machine: MachineRecord) => BootMachine
  /** Paths in a boot medium's tree of its own signed loaders. */
  medium: (id: string) => { boot: { shim: string | null; grub: string | null } } | undefined
  loaderWatch: LoaderWatch
  /** Names below /boot/loaders/. */
  loaders: ReadonlySet<string>
  installers: Installers
  /** Where the site puts the firmware of its Raspberry Pis. */
  raspberryPi: { folder: string; isEmpty: () => boolean }
  /** `boot.loader` of the site. */
  siteLoader: 'auto' | 'ipxe' | 'grub'
  httpPort: number
}

/**
 * Answers for every client that netboots. A machine that shall start its disk is sent for a script all the same: the script says so on
 * its screen and in its history, while an offer without a boot file makes UEFI firmware search for a minute. Only where the loader is GRUB
 * there is no other way.
 */
export function dhcpBootDesk({
  inventory,
  events,
  toBoot,
  medium,
  loaderWatch,
  loaders,
  installers,
  raspberryPi,
  siteLoader,
  httpPort,
}: BootDeskPorts): BootFileFor {
  const strangers = new Set<string>()

  return ({ client, wants, serverAddress, clientAddress }) => {
    const known = inventory.find(client)
    const asker = { ...client, ...describe(client, known?.architecture) }
    const decision = decideBoot(known && toBoot(known), asker, installers)
    if (decision.kind === 'ignore' && !decision.tell) {
      return known?.state === 'retired' ? { kind: 'no-boot' } : { kind: 'refuse', reason: decision.reason }
    }
    const boot = `http://${urlHost(serverAddress)}:${httpPort}/boot`
    if (client.kind === 'ipxe') loaderWatch.ran(client.mac)
    // Without a query: iPXE is told to ask again with all it knows of its machine.
    if (wants === 'script') return { kind: 'script', url: `${boot}/ipxe` }
    const choice = choose(client, known)
    // GRUB cannot tell firmware to go on to its next boot entry (netboot.md section 7): edk2 shows its setup menu, and there it stays.
    if ('family' in choice && choice.family === 'grub') {
      if (decision.kind === 'local') return { kind: 'no-boot' }
      if (decision.kind === 'ignore') return { kind: 'refuse', reason: decision.reason }
    }
    const own = decision.kind === 'kickstart' ? ownLoader(client, choice, decision.media) : undefined
    if (own !== undefined) {
      promise(client, clientAddress, own)
      return { kind: 'loader', file: own, httpUrl: `${boot}/${own}` }
    }
    const file = loaderFor(platformOf(client), client.kind, choice)
    if (file === undefined) {
      return { kind: 'refuse', reason: `there is no boot loader for ${client.architecture?.name} machines` }
    }
    if (client.kind === 'raspberry-pi' && raspberryPi.isEmpty()) {
      return {
        kind: 'refuse',
        reason: `the UEFI firmware for Raspberry Pis is missing: put its files into ${raspberryPi.folder}`,
      }
    }
    if ('file' in choice && !loaders.has(file)) {
      return { kind: 'refuse', reason: `boot.loader of ${known?.name} names ${file}, which is not among the loaders` }
    }
    promise(client, clientAddress, file)
    return { kind: 'loader', file, httpUrl: `${boot}/loaders/${file}` }
  }

  function promise({ mac, uuid }: Client, address: string | undefined, file: string): void {
    loaderWatch.promised({ mac, uuid, address, file })
  }

  function choose(client: Client, known: MachineRecord | undefined): LoaderChoice {
    // What a person named is for the machine's UEFI: neither for the iPXE that it has started, nor for what starts the UEFI of a board.
    if (client.kind === 'ipxe' || client.kind === 'raspberry-pi') return { family: 'ipxe' }
    const refusedIpxe = refuses(client, known)
    const choice = chooseLoader(known ? { ...inventory.loaderHints(known), refusedIpxe } : { refusedIpxe }, siteLoader)
    return 'file' in choice || hasFamilies(platformOf(client)) ? choice : { family: 'ipxe' }
  }

  /** Whether the client's firmware refuses iPXE; found out now, or remembered. */
  function refuses(client: Client, known: MachineRecord | undefined): boolean {
    const file = loaderWatch.takeRefused(client.mac)
    const platform = platformOf(client)
    if (file !== undefined && hasFamilies(platform) && file === loaderFor(platform, client.kind, { family: 'ipxe' })) {
      if (strangers.size >= MAX_STRANGERS) strangers.delete(strangers.values().next().value!)
      strangers.add(client.mac)
      unlessStoreFails(() =>
        events.append({
          type: 'boot.loader',
          machineId: known?.id,
          message: `the firmware of ${known?.name ?? client.mac} fetched ${file} and did not run it, as under Secure Boot: it is offered shim and GRUB from now on`,
          data: { mac: client.mac, refused: file },
        }),
      )
    }
    if (!known) return strangers.has(client.mac)
    if (known.ipxeRefusedAt === null && strangers.has(client.mac)) {
      inventory.noteIpxeRefused(known.id)
      return true
    }
    return known.ipxeRefusedAt !== null
  }

  /** The medium's own shim, where GRUB is to be used or is all there is: only it starts the medium's kernel under Secure Boot. */
  function ownLoader(client: Client, choice: LoaderChoice, id: string | undefined): string | undefined {
    const platform = platformOf(client)
    if (id === undefined || 'file' in choice || !hasFamilies(platform)) return undefined
    if (choice.family === 'ipxe' && loaderFor(platform, client.kind, choice) !== undefined) return undefined
    const { shim = null, grub = null } = medium(id)?.boot ?? {}
    return shim === null || grub === null ? undefined : `media/${id}/${basename(shim)}`
  }
}

function describe(client: Client, known: BootClient['architecture'] | null | undefined) {
  const platform = platformOf(client)
  const firmware: BootClient['firmware'] = platform === 'x86-bios' ? 'bios' : 'uefi'
  const architecture = ARCHITECTURES[platform] ?? (client.architecture ? 'other' : (known ?? 'amd64'))
  return { architecture, firmware, via: 'dhcp' as const }
}

/** A client that does not tell is taken for what all boot ROMs were before there was option 93; a Raspberry Pi tells something else. */
function platformOf(client: Client): Platform {
  return client.kind === 'raspberry-pi' ? client.kind : (client.architecture?.platform ?? 'x86-bios')
}
