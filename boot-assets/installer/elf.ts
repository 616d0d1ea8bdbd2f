// Reads which shared libraries a program needs (ELF-64, little endian: System V ABI, chapters 4 and 5).

const PT_LOAD = 1
const PT_DYNAMIC = 2
const DT_NEEDED = 1n
const DT_STRTAB = 5n

export class ElfError extends Error {
  override name = 'ElfError'
  readonly code: 'MALFORMED'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = 'MALFORMED'
  }
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/** Names of the libraries (DT_NEEDED) in the order the file lists them; none for a static program. Throws ElfError. */
export function neededLibraries(file: Buffer): string[] {
  if (!isElf(file) || file[4] !== 2 || file[5] !== 1) throw new ElfError('not a little-endian ELF-64 file')
  try {
    const segments = programHeaders(file)
    const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC)
    if (!dynamic) return []
    const names: bigint[] = []
    let table: bigint | undefined
    for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.size; at += 16) {
      const tag = file.readBigUInt64LE(at)
      const value = file.readBigUInt64LE(at + 8)
      if (tag === DT_NEEDED) names.push(value)
      if (tag === DT_STRTAB) table = value
    }
    if (names.length === 0) return []
    if (table === undefined) throw new ElfError('libraries needed, but no string table')
    const strings = fileOffset(segments, Number(table))
    return names.map((name) => cString(file, strings + Number(name)))
  } catch (cause) {
    if (cause instanceof RangeError) throw new ElfError('ELF file is cut short', { cause })
    throw cause
  }
}

interface Segment {
  type: number
  offset: number
  address: number
  size: number
}

function programHeaders(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const entrySize = file.readUInt16LE(54)
  const count = file.readUInt16LE(56)
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySize
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    ({ type, address: start, size }) => type === PT_LOAD && address >= start && address < start + size,
  )
  if (!segment) throw new ElfError(`address ${address} lies in no segment`)
  return address - segment.address + segment.offset
}

function cString(file: Buffer, at: number): string {
  const end = file.indexOf(0, at)
  if (end < 0) throw new ElfError('string without an end')
  return file.toString('utf8', at, end)
}
