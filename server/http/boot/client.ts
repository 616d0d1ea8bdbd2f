// What a boot script request says about the machine. Whatever the query holds, something usable comes out.
import { Mac, Uuid } from '../../contract/common.ts'
import type { Architecture } from '../../contract/common.ts'

/** A machine as its boot loader describes it; what is absent or implausible is left out. */
export interface ScriptClient {
  mac?: string
  uuid?: string
  serial?: string
  /** `other` for one that is named but not known here. */
  architecture?: Architecture | 'other'
  firmware?: 'bios' | 'uefi'
}

/** iPXE's `${buildarch}`. Its BIOS builds are 32-bit programs on what are 64-bit machines for a long time now. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  i386: 'amd64',
  x86_64: 'amd64',
  arm64: 'arm64',
}

/** iPXE's `${platform}`. */
const FIRMWARE: Readonly<Record<string, 'bios' | 'uefi'>> = { pcbios: 'bios', efi: 'uefi' }

const MAX_SERIAL = 128

/** Reads the query of `/boot/ipxe`: `mac`, `uuid`, `serial`, `arch`, `platform`. Never throws. */
export function parseScriptClient(query: URLSearchParams): ScriptClient {
  const mac = Mac.safeParse(query.get('mac'))
  const uuid = Uuid.safeParse(query.get('uuid'))
  const serial = query.get('serial')?.trim() ?? ''
  const arch = query.get('arch')
  const architecture = arch ? (own(ARCHITECTURES, arch) ?? 'other') : undefined
  const firmware = own(FIRMWARE, query.get('platform'))
  return {
    ...(mac.success && isStation(mac.data) && { mac: mac.data }),
    ...(uuid.success && { uuid: uuid.data }),
    ...(/^[\x20-\x7e]+$/.test(serial) && serial.length <= MAX_SERIAL && { serial }),
    ...(architecture && { architecture }),
    ...(firmware && { firmware }),
  }
}

/** A single NIC's address: not zero, and without the group bit that broadcasts and multicasts have. */
function isStation(mac: string): boolean {
  return mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0
}

function own<T>(table: Readonly<Record<string, T>>, key: string | null): T | undefined {
  return key !== null && Object.hasOwn(table, key) ? table[key] : undefined
}
