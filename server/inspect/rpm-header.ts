// One package of an RPM database: a header is an index of tags over a store of values, all big-endian
// (https://rpm-software-management.github.io/rpm/manual/format_header.html, without its magic).
import type { Package } from '../contract/layer-facts.ts'

const TAGS = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022 } as const

const INT32 = 4
const STRING = 6
const I18N_STRING = 9

const ENTRY_BYTES = 16
/** No name or version is that long. */
const MAX_STRING_BYTES = 1000

/** Undefined for what is no header of a package; keys that rpm trusts (`gpg-pubkey`) count as packages there, but not here. */
export function readRpmHeader(header: Buffer): Package | undefined {
  if (header.length < 8) return undefined
  const entries = header.readUInt32BE(0)
  const store = 8 + entries * ENTRY_BYTES
  if (store > header.length || store + header.readUInt32BE(4) > header.length) return undefined
  const value = (wanted: number): string | undefined => {
    for (let at = 8; at < store; at += ENTRY_BYTES) {
      if (header.readUInt32BE(at) !== wanted) continue
      const type = header.readUInt32BE(at + 4)
      const offset = store + header.readUInt32BE(at + 8)
      if (type === INT32) return offset + 4 <= header.length ? String(header.readUInt32BE(offset)) : undefined
      if (type !== STRING && type !== I18N_STRING) return undefined
      const end = header.indexOf(0, offset)
      return end < 0 || end - offset > MAX_STRING_BYTES ? undefined : header.toString('utf8', offset, end)
    }
    return undefined
  }
  const name = value(TAGS.name)
  const version = value(TAGS.version)
  const release = value(TAGS.release)
  if (name === undefined || version === undefined || release === undefined || name === 'gpg-pubkey') return undefined
  const epoch = value(TAGS.epoch)
  const prefix = epoch === undefined || epoch === '0' ? '' : `${epoch}:`
  return { name, version: `${prefix}${version}-${release}`, architecture: value(TAGS.architecture) ?? 'noarch' }
}
