/** Notices firmware that fetches a loader and comes back without having run it: that is how a refusal by Secure Boot looks from here. */

import { basename } from 'node:path/posix'
import { RecentMap } from '../core/recent-map.ts'

export interface LoaderWatch {
  /** Firmware was told what to fetch, by name or path. Its address is not known where another server gives it. */
  promised(boot: { mac: string; uuid?: string | undefined; address?: string | undefined; file: string }): void
  /** All of `file` went to an address. Whoever asks for more than its loader is running it. */
  fetched(address: string, file: string): void
  /** Something but firmware spoke for the machine. */
  ran(mac: string): void
  /** Firmware asks again: the file that it fetched and nothing was heard of since, once. */
  takeRefused(mac: string): string | undefined
  /** Who was told something to fetch under this UUID, by MAC. */
  macOf(uuid: string): string | undefined
}

interface Boot {
  file: string
  uuid?: string | undefined
  address?: string | undefined
  fetched: boolean
}

/** Machines watched at once; beyond, the one quiet for longest is forgotten. */
const MAX_MACHINES = 10_000

/** A watch over any number of listeners, TFTP and HTTP included. */
export function createLoaderWatch(): LoaderWatch {
  const boots = new RecentMap<string, Boot>()
  const byAddress = new Map<string, string>()
  const byUuid = new Map<string, string>()

  function forget(mac: string): void {
    const boot = boots.get(mac)
    boots.delete(mac)
    if (boot?.address !== undefined && byAddress.get(boot.address) === mac) byAddress.delete(boot.address)
    if (boot?.uuid !== undefined && byUuid.get(boot.uuid) === mac) byUuid.delete(boot.uuid)
  }

  return {
    promised({ mac, uuid, address, file }) {
      const before = boots.get(mac)
      forget(mac)
      // An offer, an acknowledgement and perhaps port 4011 promise the same thing; what is known stays known.
      const boot = {
        file: basename(file),
        uuid: uuid ?? before?.uuid,
        address: address ?? before?.address,
        fetched: false,
      }
      boots.set(mac, boot)
      if (boot.address !== undefined) byAddress.set(boot.address, mac)
      if (boot.uuid !== undefined) byUuid.set(boot.uuid, mac)
      if (boots.size > MAX_MACHINES) forget(boots.oldest()!.key)
    },
    fetched(address, file) {
      const boot = boots.get(byAddress.get(address) ?? '')
      if (boot) boot.fetched = basename(file) === boot.file
    },
    ran(mac) {
      const boot = boots.get(mac)
      if (boot) boot.fetched = false
    },
    takeRefused(mac) {
      const boot = boots.get(mac)
      if (!boot?.fetched) return undefined
      boot.fetched = false
      return boot.file
    },
    macOf: (uuid) => byUuid.get(uuid),
  }
}
