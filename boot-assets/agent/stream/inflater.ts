// The decompressors inside of node:zlib's streams, without the streams.
//
// A stream makes a buffer for each chunk that comes out: memory that V8 counts as its own, so that a gigabyte costs a hundred collections
// of garbage, a fifth of an import's time. Here one buffer takes all output. `_handle` and `_writeState` are not documented; npm's own client
// unpacks with them, too, and the tests of this module tell when a Node has them no longer.
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { StreamError } from './errors.ts'
import { ZstdFrameScanner } from './zstd-frames.ts'

/** Large enough that the turns between decompressing and writing cost nothing, small enough for a core's cache. */
const OUTPUT = 256 * 1024
const NOTHING = Buffer.alloc(0)

interface Handle {
  onerror: (message: string) => void
  writeSync(
    flush: number,
    input: Buffer,
    inputStart: number,
    inputLength: number,
    output: Buffer,
    outputStart: number,
    outputLength: number,
  ): void
}

interface Internals {
  _handle: Handle
  /** After a call: output that is left, input that is left. */
  _writeState: Uint32Array
}

/** Decompresses gzip (any number of members) or zstd (any number of frames) chunk by chunk. {@link close} always. */
export class Inflater {
  readonly #stream
  readonly #internals: Internals
  readonly #output = Buffer.allocUnsafeSlow(OUTPUT)
  /** Tells where zstd's frames end: their decompressor does not say whether it waits for more. */
  readonly #frames: ZstdFrameScanner | null
  #problem: string | null = null
  /** Behind gzip's last member there may be padding. */
  #isOver = false

  constructor(compression: 'gzip' | 'zstd') {
    this.#stream = compression === 'gzip' ? createGunzip() : createZstdDecompress()
    this.#frames = compression === 'gzip' ? null : new ZstdFrameScanner()
    this.#internals = this.#stream as unknown as Internals
    this.#internals._handle.onerror = (message) => (this.#problem = message)
  }

  /** What the next chunk becomes; each piece is valid until the next is asked for. Throws COMPRESSION_INVALID. */
  *take(input: Buffer): Generator<Buffer> {
    this.#frames?.take(input)
    let left = input.length
    while (!this.#isOver) {
      const [outputLeft, inputLeft] = this.#run(constants.Z_NO_FLUSH, input, input.length - left)
      if (outputLeft < OUTPUT) yield this.#output.subarray(0, OUTPUT - outputLeft)
      this.#isOver = outputLeft === OUTPUT && inputLeft === left && left > 0
      left = inputLeft
      if (left === 0 && outputLeft > 0) return
    }
  }

  /** After the last chunk. Throws COMPRESSION_INVALID if there should be more. */
  end(): void {
    if (this.#frames === null && !this.#isOver) this.#run(constants.Z_FINISH, NOTHING, 0)
    if (this.#frames?.atBoundary === false) throw invalid('the data ends inside a frame')
  }

  close(): void {
    this.#stream.destroy()
  }

  #run(flush: number, input: Buffer, start: number): [outputLeft: number, inputLeft: number] {
    const { _handle: handle, _writeState: state } = this.#internals
    handle.writeSync(flush, input, start, input.length - start, this.#output, 0, OUTPUT)
    if (this.#problem !== null) throw invalid(this.#problem)
    return [state[0]!, state[1]!]
  }
}

function invalid(problem: string): StreamError {
  return new StreamError('COMPRESSION_INVALID', `decompressing: ${problem}`)
}
