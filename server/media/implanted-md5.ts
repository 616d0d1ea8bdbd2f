// The checksum that implantisomd5 puts into an ISO (isomd5sum, libimplantisomd5.c), computed, compared and written while bytes stream by.
// It stands in the descriptor's application field and covers the volume but its last sectors, with that field taken as blank.
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { MediaError } from './errors.ts'
import { chunksOf } from './files.ts'
import { DESCRIPTOR_OFFSET, parseVolume, SECTOR_BYTES } from './volume.ts'
import type { Volume } from './volume.ts'

export interface IsoSums {
  /** 32 hex digits. */
  md5: string
  /** 20 groups of 3 digits: the sum up to each twenty-first of the volume. */
  fragments: string
}

interface IsoReaderOptions {
  /** The image is being made: what its field holds is not about it. */
  unmarked?: boolean
}

export interface IsoReading {
  volume: Volume
  /** What the content has. */
  computed: IsoSums
  /** What the image says it has; absent where nothing was implanted. */
  implanted?: IsoSums
}

/** The original's read size; the ends of fragments depend on it. */
const BLOCK_BYTES = 16 * SECTOR_BYTES
const FRAGMENTS = 20
const FRAGMENT_DIGITS = 3
/** Sectors at the end that are not covered: burners used to add or lose some. */
const SKIPPED_SECTORS = 15
/** The application field, from the begin of the descriptor. */
const FIELD = { start: 883, end: 883 + 512 }
const BLANK = 0x20
const NOTICE = 'THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!'

/** Follows an image piece by piece. The volume is known after the first 64 KiB, the sums at the end. */
export class IsoReader {
  readonly #md5 = createHash('md5')
  readonly #block = Buffer.alloc(BLOCK_BYTES)
  #filled = 0
  /** Of the begin of the current block. */
  #offset = 0
  #systemArea: Buffer | undefined
  #volume: Volume | undefined
  #implanted: IsoSums | undefined
  #covered = 0
  #fragment = 0
  #fragments = ''
  readonly #unmarked: boolean

  constructor({ unmarked = false }: IsoReaderOptions = {}) {
    this.#unmarked = unmarked
  }

  /** Undefined until it came by. */
  get volume(): Volume | undefined {
    return this.#volume
  }

  /** Takes the next bytes. Throws NOT_AN_ISO as soon as that is certain. */
  update(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length;) {
      const part = chunk.subarray(done, done + BLOCK_BYTES - this.#filled)
      done += part.length
      if (part.length === BLOCK_BYTES) {
        // Whole as it came: gigabytes need not be copied.
        this.#endBlock(part)
        continue
      }
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      if (this.#filled === BLOCK_BYTES) this.#endBlock(this.#block)
    }
  }

  /** After the last byte. Throws NOT_AN_ISO, and ISO_CUT_SHORT when there were fewer bytes than the volume has. */
  finish(): IsoReading {
    this.#endBlock(this.#block.subarray(0, this.#filled))
    const volume = this.#volume ?? parseVolume(Buffer.alloc(0))
    if (this.#offset < volume.sizeBytes) {
      const hint = 'download it again: it is not whole'
      const message = `reading the image: it ends after ${this.#offset} of ${volume.sizeBytes} bytes`
      throw new MediaError('ISO_CUT_SHORT', message, { hint })
    }
    const computed = { md5: this.#md5.digest('hex'), fragments: this.#fragments }
    return { volume, computed, ...(this.#implanted && { implanted: this.#implanted }) }
  }

  #endBlock(block: Uint8Array): void {
    if (this.#offset === 0) {
      // How much of it is covered stands in the next block.
      this.#systemArea = Buffer.from(block)
    } else if (this.#offset === DESCRIPTOR_OFFSET) {
      this.#beginVolume(Buffer.from(block))
    } else {
      this.#digest(block, this.#offset)
    }
    this.#offset += block.length
    this.#filled = 0
  }

  #beginVolume(block: Buffer): void {
    this.#volume = parseVolume(block.subarray(0, SECTOR_BYTES))
    const field = block.subarray(FIELD.start, FIELD.end)
    const { sums, skippedSectors } = parseField(this.#unmarked ? '' : field.toString('latin1'))
    this.#implanted = sums
    this.#covered = Math.max(0, this.#volume.sizeBytes - skippedSectors * SECTOR_BYTES)
    field.fill(BLANK)
    this.#digest(this.#systemArea!, 0)
    this.#digest(block, DESCRIPTOR_OFFSET)
    this.#systemArea = undefined
  }

  #digest(block: Uint8Array, offset: number): void {
    if (offset >= this.#covered) return
    this.#md5.update(block.subarray(0, this.#covered - offset))
    const fragment = Math.floor((offset * (FRAGMENTS + 1)) / this.#covered)
    if (fragment === this.#fragment) return
    this.#fragment = fragment
    this.#fragments += fragmentDigits(this.#md5)
  }
}

/** Reads an image from its first byte to its last. Throws as {@link IsoReader} does. */
export async function readIso(source: AsyncIterable<Uint8Array>, options?: IsoReaderOptions): Promise<IsoReading> {
  const reader = new IsoReader(options)
  for await (const chunk of source) reader.update(chunk)
  return reader.finish()
}

/** Whether the content is what the implanted sum says; `absent` when nothing says anything. */
export function checksumVerdict({ computed, implanted }: IsoReading): 'verified' | 'absent' | 'wrong' {
  if (!implanted) return 'absent'
  return implanted.md5 === computed.md5 ? 'verified' : 'wrong'
}

/**
 * Computes the sums of an image and writes them into it, over what the field held; resolves with them. To be the last change: any other makes
 * them wrong. The file is open for reading and writing, and stays open; `source` is for a file that is still being written and has its bytes as
 * they come. Throws NOT_AN_ISO, ISO_CUT_SHORT.
 */
export async function implantMd5(file: FileHandle, source?: AsyncIterable<Uint8Array>): Promise<IsoSums> {
  const { computed } = await readIso(source ?? chunksOf(file), { unmarked: true })
  const field = Buffer.from(formatField(computed).padEnd(FIELD.end - FIELD.start))
  await file.write(field, 0, field.length, DESCRIPTOR_OFFSET + FIELD.start)
  return computed
}

function formatField({ md5, fragments }: IsoSums): string {
  return [
    `ISO MD5SUM = ${md5}`,
    `SKIPSECTORS = ${SKIPPED_SECTORS}`,
    'RHLISOSTATUS=0',
    `FRAGMENT SUMS = ${fragments}`,
    `FRAGMENT COUNT = ${FRAGMENTS}`,
    NOTICE,
  ].join(';')
}

function parseField(text: string): { sums?: IsoSums; skippedSectors: number } {
  const [, md5] = /^ISO MD5SUM = ([0-9a-f]{32});/.exec(text) ?? []
  if (md5 === undefined) return { skippedSectors: SKIPPED_SECTORS }
  const [, skipped] = /;SKIPSECTORS = (\d{1,6});/.exec(text) ?? []
  const [, fragments = ''] = /;FRAGMENT SUMS = ([0-9a-f]{60});/.exec(text) ?? []
  return { sums: { md5, fragments }, skippedSectors: Number(skipped ?? SKIPPED_SECTORS) }
}

/** The first digit of each of the first bytes so far, unpadded: the original prints bytes by `%01x` and keeps one character. */
function fragmentDigits(md5: Hash): string {
  const digest = md5.copy().digest()
  return Array.from(digest.subarray(0, FRAGMENT_DIGITS), (byte) => byte.toString(16)[0]).join('')
}
