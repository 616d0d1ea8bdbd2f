/** Which boot data which client needs, because firmware differs in where it looks (PXE 2.1, UEFI 24.7, client sources). */
import type { Client } from './client.ts'
import type { BootSummary } from './events.ts'
import { OPTION, encapsulated, nulTerminated, readEncapsulated, text, type Options } from './options.ts'
import type { ReplyParts } from './reply.ts'

/** What the boot decision is asked. */
export interface BootQuestion {
  client: Client
  /** `script` is what an iPXE with HTTP wants; everything else needs a program first. */
  wants: 'script' | 'loader'
  /** Our address on the client's link, for URLs. */
  serverAddress: string
  /** The address the client has or is given; absent in proxy mode. */
  clientAddress?: string
}

/** What the boot decision answers. */
export type BootAnswer =
  /** `file` is a TFTP name; `httpUrl` the same program for HTTP Boot firmware: an IP-literal URL. */
  | { kind: 'loader'; file: string; httpUrl?: string }
  /** An iPXE script; only for a client that wants one. */
  | { kind: 'script'; url: string }
  /** Leave the client without any answer, and say why. */
  | { kind: 'refuse'; reason: string }
  /** Not to netboot: a main server gives the plain address, a proxy stays silent. */
  | { kind: 'no-boot' }

/** Asked for every reply to a client that netboots; must be quick. May throw: then nothing is sent. */
export type BootFileFor = (question: BootQuestion) => BootAnswer

/** Which of our three voices speaks: main server, proxyDHCP on port 67, boot server on port 4011. */
export type BootRole = 'server' | 'proxy' | 'boot-server'

/** Header fields and options to merge into a reply. */
export interface BootData {
  parts: Required<Pick<ReplyParts, 'siaddr' | 'sname' | 'file'>> & { options: [number, Uint8Array][] }
  summary: BootSummary
}

export type BootResult = { boot: BootData } | { refused: string } | { none: true }

/** "Skip the menu and boot servers, take the boot file": option 43, tag 6, value 8. */
const USE_BOOT_FILE: readonly [number, Uint8Array] = [6, Uint8Array.of(8)]
/** A Raspberry Pi ignores every offer without this menu. */
const RASPBERRY_MENU: readonly (readonly [number, Uint8Array])[] = [
  USE_BOOT_FILE,
  [9, Uint8Array.of(0, 0, 17, ...text('Raspberry Pi Boot'))],
  [10, Uint8Array.of(0, ...text('PXE'))],
]
const BOOT_ITEM = 71
/** iPXE option 175.0xb0: do not wait for a proxyDHCP server. */
const NO_PROXY = Uint8Array.of(0xb0, 1, 1)
const HEADER_FILE_MAX = 127
/** A one-byte length holds the name and its NUL. */
const BOOT_FILE_MAX = 254

/** Asks the boot decision and phrases its answer for the client at hand. */
export function bootData(
  role: BootRole,
  question: Omit<BootQuestion, 'wants'>,
  request: Options,
  ask: BootFileFor,
): BootResult {
  const { client, serverAddress } = question
  if (!client.netboot) return { none: true }
  if (client.architecture && !client.architecture.platform) {
    return {
      refused: `no boot program for ${client.architecture.name} (architecture type ${client.architecture.code})`,
    }
  }
  const wants = client.ipxe?.features.includes('http') ? 'script' : 'loader'
  const answer = ask({ ...question, wants })
  if (answer.kind === 'no-boot') return { none: true }
  if (answer.kind === 'refuse') return { refused: answer.reason }
  const file = fileName(client, wants, answer)
  if (typeof file !== 'string') return file
  if (file.length > BOOT_FILE_MAX)
    return { refused: `boot file name of ${file.length} bytes, option 67 holds ${BOOT_FILE_MAX}` }

  const options: [number, Uint8Array][] = []
  const uuid = request.get(OPTION.clientUuid)
  if (uuid) options.push([OPTION.clientUuid, uuid])
  // Bare, without the architecture: firmware compares nine or ten characters, some all of them.
  if (client.kind === 'http') options.push([OPTION.vendorClass, text('HTTPClient')])
  else if (client.kind !== 'u-boot') options.push([OPTION.vendorClass, text('PXEClient')])
  const vendor = vendorOptions(role, client, request)
  if (vendor) options.push([OPTION.vendorSpecific, vendor])
  options.push([OPTION.tftpServer, nulTerminated(serverAddress)], [OPTION.bootFile, nulTerminated(file)])
  if (client.kind === 'ipxe' && role === 'server') options.push([OPTION.ipxe, NO_PROXY])
  return {
    boot: {
      parts: {
        siaddr: serverAddress,
        sname: text(serverAddress),
        // shim reads only the header, edk2 and GRUB option 67 first: both hold the same name wherever it fits.
        file: text(file.length <= HEADER_FILE_MAX ? file : ''),
        options,
      },
      summary: { file, kind: answer.kind },
    },
  }
}

function fileName(client: Client, wants: 'script' | 'loader', answer: BootAnswer): string | { refused: string } {
  if (answer.kind === 'script') {
    return wants === 'script' ? answer.url : { refused: 'a boot script for a client that is no iPXE with HTTP' }
  }
  if (answer.kind !== 'loader') return { refused: 'no boot file' }
  if (client.kind !== 'http') return answer.file
  return answer.httpUrl ?? { refused: `no HTTP URL of boot file ${answer.file} for UEFI HTTP Boot` }
}

/**
 * Option 43. In a proxy's offer UEFI gets none: with it edk2 would take the file without asking port 4011, and vendors' forks of
 * edk2 that ignore the control bits there would ask nobody at all.
 */
function vendorOptions(role: BootRole, client: Client, request: Options): Uint8Array | undefined {
  if (role === 'boot-server') {
    const item = readEncapsulated(request.get(OPTION.vendorSpecific)).get(BOOT_ITEM)
    return item && encapsulated([[BOOT_ITEM, item]])
  }
  if (client.kind === 'raspberry-pi') return encapsulated(RASPBERRY_MENU)
  if (client.kind === 'ipxe' && client.ipxe?.features.includes('http')) return undefined
  if (client.kind !== 'pxe' && client.kind !== 'ipxe') return undefined
  const bios = client.architecture?.platform === 'x86-bios'
  return role === 'server' || bios ? encapsulated([USE_BOOT_FILE]) : undefined
}
