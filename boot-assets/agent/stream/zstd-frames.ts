// Where the frames of a zstd stream end, found without decompressing (RFC 8878 section 3.1): a stream that was cut off ends elsewhere.
//
// Layers may have many: zstd:chunked writes one per file, and skippable frames with a table of contents at the end.
import { StreamError } from './errors.ts'

export const ZSTD_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50

/** Follows a stream of chunks from frame to frame, skippable ones too. */
export class ZstdFrameScanner {
  /** True right after a frame's last byte and before the first frame. */
  atBoundary = true
  // A header (of frame, block) is collected here until all its bytes are there.
  readonly #pending = Buffer.alloc(18)
  #fill = 0
  #need = 0
  #stage: 'magic' | 'skippableSize' | 'descriptor' | 'header' | 'block' | 'content' = 'magic'
  /** Content bytes left before the next header. */
  #left = 0
  #isSkippable = false
  #lastBlock = false
  #hasChecksum = false

  /** Throws COMPRESSION_INVALID where no frame begins though one ended. */
  take(chunk: Buffer): void {
    for (let position = 0; position < chunk.length;) {
      if (this.atBoundary) this.#begin()
      if (this.#stage === 'content') {
        const step = Math.min(this.#left, chunk.length - position)
        this.#left -= step
        position += step
        if (this.#left === 0) this.#contentEnd()
      } else {
        const step = Math.min(this.#need - this.#fill, chunk.length - position)
        chunk.copy(this.#pending, this.#fill, position, position + step)
        this.#fill += step
        position += step
        if (this.#fill === this.#need) this.#headerComplete()
      }
    }
  }

  #begin(): void {
    this.atBoundary = false
    this.#isSkippable = false
    this.#lastBlock = false
    this.#hasChecksum = false
    this.#expect('magic', 4)
  }

  #expect(stage: 'magic' | 'skippableSize' | 'descriptor' | 'header' | 'block', bytes: number): void {
    this.#stage = stage
    this.#fill = 0
    this.#need = bytes
  }

  #content(bytes: number): void {
    this.#stage = 'content'
    this.#left = bytes
    if (bytes === 0) this.#contentEnd()
  }

  #contentEnd(): void {
    if (this.#isSkippable) this.atBoundary = true
    else if (!this.#lastBlock) this.#expect('block', 3)
    else if (this.#hasChecksum) {
      this.#hasChecksum = false
      this.#content(4)
    } else this.atBoundary = true
  }

  #headerComplete(): void {
    switch (this.#stage) {
      case 'magic': {
        const magic = this.#pending.readUInt32LE(0)
        if (magic === ZSTD_MAGIC) this.#expect('descriptor', 1)
        else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
          this.#isSkippable = true
          this.#expect('skippableSize', 4)
        } else throw new StreamError('COMPRESSION_INVALID', 'reading zstd: no frame where one should begin')
        break
      }
      case 'skippableSize':
        this.#content(this.#pending.readUInt32LE(0))
        break
      case 'descriptor': {
        const descriptor = this.#pending[0]!
        const singleSegment = (descriptor & 0x20) !== 0
        this.#hasChecksum = (descriptor & 0x04) !== 0
        const dictionaryId = [0, 1, 2, 4][descriptor & 0x03]!
        const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
        const rest = (singleSegment ? 0 : 1) + dictionaryId + contentSize
        if (rest === 0) this.#expect('block', 3)
        else this.#expect('header', rest)
        break
      }
      case 'header':
        this.#expect('block', 3)
        break
      case 'block': {
        const header = this.#pending.readUIntLE(0, 3)
        this.#lastBlock = (header & 1) !== 0
        const type = (header >> 1) & 3
        const size = header >> 3
        if (type === 3) throw new StreamError('COMPRESSION_INVALID', 'reading zstd: a block of reserved type')
        // A run-length block has one byte of content.
        this.#content(type === 1 ? 1 : size)
        break
      }
      case 'content':
        break
    }
  }
}
