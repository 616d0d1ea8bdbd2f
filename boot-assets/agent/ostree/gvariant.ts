// GVariant serialisation, as much of it as OSTree objects need.
// https://docs.gtk.org/glib/gvariant-specification-1.0.html
//
// Integers inside OSTree objects are big-endian by OSTree's own convention; GVariant's framing offsets are little-endian.
import { OstreeError } from './errors.ts'

/** A serialised value with what its container must know about it. */
export interface Value {
  readonly bytes: Buffer
  readonly alignment: 1 | 4 | 8
  /** Values of a fixed-size type need no framing offset. */
  readonly fixed: boolean
}

export function u32(value: number): Value {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return { bytes, alignment: 4, fixed: true }
}

export function u64(value: number): Value {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return { bytes, alignment: 8, fixed: true }
}

export function string(value: string): Value {
  return { bytes: Buffer.from(value + '\0', 'utf8'), alignment: 1, fixed: false }
}

/** `ay`, an array of bytes. */
export function byteArray(bytes: Buffer): Value {
  return { bytes, alignment: 1, fixed: false }
}

/** `v` holding a string. */
export function stringVariant(value: string): Value {
  return { bytes: Buffer.from(`${value}\0\0s`, 'utf8'), alignment: 8, fixed: false }
}

/** A tuple or dictionary entry: members at their alignment, then the ends of variable-size members but the last, reversed. */
export function tuple(members: readonly Value[]): Value {
  const { body, ends, alignment } = layout(members)
  const framed = ends.filter((_, index) => !members[index]!.fixed && index < members.length - 1).reverse()
  return { bytes: withOffsets(body, framed), alignment, fixed: false }
}

/** An array of variable-size elements: elements at their alignment, then all their ends in order. */
export function array(elements: readonly Value[], alignment: Value['alignment'] = 1): Value {
  const { body, ends } = layout(elements)
  return { bytes: withOffsets(body, ends), alignment, fixed: false }
}

function layout(values: readonly Value[]): { body: Buffer[]; ends: number[]; alignment: Value['alignment'] } {
  const body: Buffer[] = []
  const ends: number[] = []
  let position = 0
  let alignment: Value['alignment'] = 1
  for (const value of values) {
    const padding = -position & (value.alignment - 1)
    if (padding > 0) body.push(Buffer.alloc(padding))
    body.push(value.bytes)
    position += padding + value.bytes.length
    ends.push(position)
    if (value.alignment > alignment) alignment = value.alignment
  }
  return { body, ends, alignment }
}

function withOffsets(body: Buffer[], offsets: number[]): Buffer {
  if (offsets.length === 0) return body.length === 1 ? body[0]! : Buffer.concat(body)
  const length = body.reduce((sum, part) => sum + part.length, 0)
  const size = framingWidth(length, offsets.length)
  const table = Buffer.alloc(offsets.length * size)
  offsets.forEach((offset, index) => table.writeUIntLE(offset, index * size, size))
  return Buffer.concat([...body, table])
}

/** Bytes of each of `count` framing offsets behind a body of `length` bytes. */
export function framingWidth(length: number, count: number): number {
  const width = [1, 2, 4].find((candidate) => length + count * candidate < 2 ** (8 * candidate))
  if (width === undefined)
    throw new OstreeError('OBJECT_INVALID', `a value of ${length} bytes is too large for an object`)
  return width
}

/** Splits a tuple's bytes into its members; `type` is one letter of size per member: v(ariable) 1-aligned, V 8-aligned, 4, 8. */
export function readTuple(bytes: Buffer, members: readonly ('v' | 'V' | '4' | '8')[]): Buffer[] {
  const size = offsetSize(bytes.length)
  const values: Buffer[] = []
  let position = 0
  let framingEnd = bytes.length
  members.forEach((member, index) => {
    const alignment = member === 'v' ? 1 : member === '4' ? 4 : 8
    const start = position + (-position & (alignment - 1))
    let end: number
    if (member === '4' || member === '8') end = start + alignment
    else if (index === members.length - 1) end = framingEnd
    else {
      framingEnd -= size
      end = framingEnd >= 0 ? bytes.readUIntLE(framingEnd, size) : -1
    }
    values.push(slice(bytes, start, end, framingEnd))
    position = end
  })
  return values
}

/** Splits an array of variable-size elements. */
export function readArray(bytes: Buffer, alignment: 1 | 8 = 1): Buffer[] {
  if (bytes.length === 0) return []
  const size = offsetSize(bytes.length)
  const table = bytes.readUIntLE(bytes.length - size, size)
  if (table > bytes.length - size || (bytes.length - table) % size !== 0) throw malformed()
  const count = (bytes.length - table) / size
  const elements: Buffer[] = []
  let position = 0
  for (let index = 0; index < count; index++) {
    const start = position + (-position & (alignment - 1))
    const end = bytes.readUIntLE(table + index * size, size)
    elements.push(slice(bytes, start, end, table))
    position = end
  }
  return elements
}

/** Reads a NUL-terminated string. */
export function readString(bytes: Buffer): string {
  if (bytes.length === 0 || bytes[bytes.length - 1] !== 0) throw malformed()
  return bytes.toString('utf8', 0, bytes.length - 1)
}

function offsetSize(length: number): 1 | 2 | 4 {
  return length < 2 ** 8 ? 1 : length < 2 ** 16 ? 2 : 4
}

function slice(bytes: Buffer, start: number, end: number, limit: number): Buffer {
  if (start > end || end > limit) throw malformed()
  return bytes.subarray(start, end)
}

function malformed(): OstreeError {
  return new OstreeError('OBJECT_INVALID', 'a metadata object is not in GVariant normal form')
}
