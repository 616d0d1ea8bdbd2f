// PAX extended header records: "<length> <key>=<value>\n", repeated (POSIX.1-2017 pax, "pax Header Block").
import { StreamError } from './errors.ts'

/** Splits an extended header into its records. Values stay bytes; the last record of a key wins, an
 * empty one takes it back. Throws TAR_INVALID. */
export function parsePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  let position = 0
  while (position < bytes.length) {
    // Some writers fill the block with zeros and count them.
    if (bytes[position] === 0) break
    const space = bytes.indexOf(0x20, position)
    // More than 8 digits would be more than the header may have bytes.
    if (space < 0 || space - position > 8 || space === position) throw malformed('length')
    const digits = bytes.toString('latin1', position, space)
    if (!/^\d+$/.test(digits)) throw malformed('length')
    const end = position + Number(digits)
    if (end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) throw malformed('end')
    const equals = bytes.indexOf(0x3d, space + 1)
    if (equals < 0 || equals >= end || equals === space + 1) throw malformed('key')
    const key = bytes.toString('utf8', space + 1, equals)
    if (equals + 1 === end - 1) records.delete(key)
    else records.set(key, bytes.subarray(equals + 1, end - 1))
    position = end
  }
  return records
}

function malformed(what: string): StreamError {
  return new StreamError('TAR_INVALID', `reading tar: a PAX record without a proper ${what}`)
}
