// Writes tar archives for tests, also ones no tar program would write.

export interface Entry {
  path: string
  type?: 'file' | 'hardlink' | 'symlink' | 'directory' | 'device'
  content?: string | Buffer
  target?: string
  mode?: number
  uid?: number
  gid?: number
  mtime?: number
  /** Values binary; written as SCHILY.xattr.* records. */
  xattrs?: Record<string, Buffer>
}

const FLAGS = { file: '0', hardlink: '1', symlink: '2', device: '3', directory: '5' } as const

/** A whole archive with end marker. `format` says how names and numbers that don't fit a ustar header are written. */
export function writeTar(entries: readonly Entry[], format: 'pax' | 'gnu' = 'pax'): Buffer {
  return Buffer.concat([...entries.map((entry) => writeEntry(entry, format)), Buffer.alloc(1024)])
}

/** One entry with everything before and after it. */
export function writeEntry(entry: Entry, format: 'pax' | 'gnu' = 'pax'): Buffer {
  const { type = 'file', path, target = '', content = '' } = entry
  const body = type === 'file' ? Buffer.from(content as string) : Buffer.alloc(0)
  const before: Buffer[] = []
  const records: [string, Buffer][] = Object.entries(entry.xattrs ?? {}).map(([name, value]) => [
    `SCHILY.xattr.${name}`,
    value,
  ])
  const long = (text: string): boolean => Buffer.byteLength(text) > 100
  if (format === 'gnu') {
    if (long(path)) before.push(meta('L', Buffer.from(path + '\0')))
    if (long(target)) before.push(meta('K', Buffer.from(target + '\0')))
  } else {
    if (long(path) || /[^ -~]/.test(path)) records.unshift(['path', Buffer.from(path)])
    if (long(target) || /[^ -~]/.test(target)) records.unshift(['linkpath', Buffer.from(target)])
  }
  if (records.length > 0) before.push(meta('x', Buffer.concat(records.map(([key, value]) => paxRecord(key, value)))))
  return Buffer.concat([...before, header(entry, FLAGS[type], body.length), pad(body)])
}

/** "<length> <key>=<value>\n", where the length counts itself. */
export function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

/** A header block and its content of the given type flag, e.g. a PAX header. */
export function meta(flag: string, content: Buffer): Buffer {
  return Buffer.concat([header({ path: '././@LongLink' }, flag, content.length), pad(content)])
}

/** A header block with a right checksum. */
export function header(entry: Entry, flag: string, size: number): Buffer {
  const { path, target = '', mode = flag === '5' ? 0o755 : 0o644, uid = 0, gid = 0, mtime = 0 } = entry
  const block = Buffer.alloc(512)
  Buffer.from(path).copy(block, 0, 0, 100)
  octal(block, 100, 8, mode)
  octal(block, 108, 8, uid)
  octal(block, 116, 8, gid)
  octal(block, 124, 12, size)
  octal(block, 136, 12, mtime)
  block.write(flag, 156, 'latin1')
  Buffer.from(target).copy(block, 157, 0, 100)
  block.write('ustar\x0000', 257, 'latin1')
  return sign(block)
}

/** Puts the right checksum into a header block. */
export function sign(block: Buffer): Buffer {
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function octal(block: Buffer, start: number, length: number, value: number): void {
  const text = value.toString(8).padStart(length - 1, '0')
  if (text.length < length) block.write(text, start, 'latin1')
  else {
    block.writeUIntBE(value, start + length - 6, 6)
    block[start] = 0x80
  }
}

function pad(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & 511)])
}
