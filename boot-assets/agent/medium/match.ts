// Which entry of a medium is for this machine.
import type { Facts } from '../../../server/contract/facts.ts'
import type { MediumEntry } from '../../../server/contract/medium.ts'

/** The first entry that names one of the machine's MACs or its serial, or that is for every machine. */
export function entryFor(
  entries: readonly MediumEntry[],
  { nics, smbios }: Pick<Facts, 'nics' | 'smbios'>,
): MediumEntry | undefined {
  const macs = new Set(nics.map(({ mac }) => mac))
  const serial = smbios.serial?.toLowerCase()
  return entries.find(
    ({ machines }) =>
      machines === undefined ||
      machines.macs.some((mac) => macs.has(mac)) ||
      machines.serials.some((one) => one.trim().toLowerCase() === serial),
  )
}
