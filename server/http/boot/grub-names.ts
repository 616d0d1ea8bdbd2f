// The names under which GRUBs look for their configuration, and what each says about who asks (netboot.md section 4.2).
import { parseScriptClient } from './client.ts'
import type { ScriptClient } from './client.ts'

/** What a path asks for. */
export type GrubRequest =
  /** The configuration of a machine that its path describes. */
  | { kind: 'machine'; client: ScriptClient }
  /** The same of one that is known by its UUID at most. */
  | { kind: 'uuid'; uuid: string }
  /** A configuration, and nothing that tells for whom. */
  | { kind: 'anyone' }
  /** To note that a machine could not start what it was told to. */
  | { kind: 'failed'; client: ScriptClient }

/** Below it each machine has a configuration of its own: `/grub/machine/x86_64/52:54:00:12:34:56/UUID/SERIAL/grub.cfg`. */
export const GRUB_MACHINE = '/grub/machine'
/** Below it a machine tells in the same form that it could not start. */
export const GRUB_FAILED = '/grub/failed'

const HEX_PAIR = '[0-9a-f]{2}'
const BY_MAC = new RegExp(`^grub\\.cfg-(?:01-)?(${HEX_PAIR}(?:-${HEX_PAIR}){5})$`)
const BY_UUID = /^grub\.cfg-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * Reads a path or TFTP name. It may be in any folder: GRUB looks beside itself, in the prefix it was built with, or, when it has lost the
 * folder, in the root. Undefined for what is no configuration; names by IP address among them, which GRUB tries after all others.
 */
export function parseGrubPath(path: string): GrubRequest | undefined {
  const segments = path.split('/').filter((segment) => segment !== '')
  const name = segments.pop()?.toLowerCase() ?? ''
  const mac = BY_MAC.exec(name)?.[1]
  if (mac !== undefined) return { kind: 'machine', client: clientOf({ mac }) }
  const uuid = BY_UUID.exec(name)?.[1]
  if (uuid !== undefined) return { kind: 'uuid', uuid: fromWireOrder(uuid) }
  if (name !== 'grub.cfg') return undefined
  const [grub, what, ...own] = segments
  if (grub?.toLowerCase() !== 'grub' || (what !== 'machine' && what !== 'failed')) return { kind: 'anyone' }
  return { kind: what, client: describedBy(own) }
}

/** Processor (GRUB and iPXE have the same words for it), MAC, UUID and serial number, as far as the machine could tell them. */
function describedBy([cpu = '', ...words]: readonly string[]): ScriptClient {
  const described: Record<string, string> = { platform: 'efi', arch: cpu }
  for (const word of words) {
    if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(word)) described.mac ??= word
    else if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word)) described.uuid ??= word
    else described.serial ??= word
  }
  return parseScriptClient(new URLSearchParams(described))
}

function clientOf(fields: Record<string, string>): ScriptClient {
  return parseScriptClient(new URLSearchParams({ ...fields, platform: 'efi' }))
}

/** Option 97 has the first three fields in little-endian order; people and dmidecode write them the other way. */
function fromWireOrder(uuid: string): string {
  const [first = '', second = '', third = '', ...rest] = uuid.split('-')
  const reversed = (hex: string) => (hex.match(/../g) ?? []).toReversed().join('')
  return [reversed(first), reversed(second), reversed(third), ...rest].join('-')
}
