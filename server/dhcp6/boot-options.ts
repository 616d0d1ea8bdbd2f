/** Phrases the boot decision for DHCPv6: one URL, in brackets what is an address (RFC 5970). */
import type { BootFileFor, BootQuestion } from '../dhcp/boot-options.ts'
import type { BootSummary } from '../dhcp/events.ts'
import { urlHost } from '../host/ipv6.ts'
import { OPTION6, text, vendorClass, type Option6 } from './options.ts'

export type Boot6Result = { options: Option6[]; summary?: BootSummary } | { refused: string }

/** The enterprise number UEFI puts into its vendor class: Intel's. */
const ENTERPRISE = 343

/**
 * Asks the boot decision. Never answers with option 60, which firmware reads as a size and fails (tianocore/edk2#10114); and never
 * tells PXE firmware that this is a PXE server: with `PXEClient` in option 16 it would ask a boot server on port 4011 once more.
 */
export function bootOptions6(question: Omit<BootQuestion, 'wants'>, ask: BootFileFor): Boot6Result {
  const { client, serverAddress } = question
  if (!client.netboot) return { options: [] }
  if (client.architecture && !client.architecture.platform) {
    const { name, code } = client.architecture
    return { refused: `no boot program for ${name} (architecture type ${code})` }
  }
  const answer = ask({ ...question, wants: client.kind === 'ipxe' ? 'script' : 'loader' })
  switch (answer.kind) {
    case 'no-boot':
      return { options: [] }
    case 'refuse':
      return { refused: answer.reason }
    case 'script':
      return { options: [bootFile(answer.url)], summary: { file: answer.url, kind: 'script' } }
    case 'loader': {
      const url = client.kind === 'http' ? answer.httpUrl : `tftp://${urlHost(serverAddress)}/${answer.file}`
      if (url === undefined) return { refused: `no HTTP URL of boot file ${answer.file} for UEFI HTTP Boot` }
      // UEFI takes an offer for one of HTTP Boot only by this word.
      const mark = client.kind === 'http' ? [vendorClass(ENTERPRISE, 'HTTPClient')] : []
      return { options: [...mark, bootFile(url)], summary: { file: url, kind: 'loader' } }
    }
  }
}

/** Without a NUL at the end: the length of the option is the length of the URL. */
function bootFile(url: string): Option6 {
  return [OPTION6.bootFileUrl, text(url)]
}
