/**
 * Taking the next datagram where the last one was taken. A client that acknowledges each block before the next is sent, as most firmware does, is
 * answered once per turn of the event loop; on a fast link (a virtual machine of this host, a switch away) that turn takes longer than the client.
 */
import { getSystemErrorName } from 'node:util'
import { receiveNow } from '../host/system-calls.ts'

/** Longer than such a client takes, far less than it costs to wait for one across a building. */
const LINGER_MS = 0.05
/** Then everybody else has a turn. */
const MAX_MS = 1
/** So often in a row nothing came: the link is not a fast one. */
const MAX_MISSES = 8
/** Acknowledgements have four bytes; of an error's message more than that is not worth keeping. */
const BUFFER_BYTES = 2048

export interface Attended {
  /** Must be open as long as `isOver` is false. */
  descriptor: number
  receive: (datagram: Uint8Array) => void
  /** The kernel's bad news, such as the client's ICMP "port unreachable". */
  fail: (message: string) => void
  isOver: () => boolean
}

/** For one transfer; it gives up for good when the client turns out to be slow. */
export class Lingering {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  #misses = 0

  /** Takes what comes, until nothing does for some microseconds. Blocks everything else meanwhile, a millisecond at most. */
  attend({ descriptor, receive, fail, isOver }: Attended): void {
    const began = performance.now()
    let last = began
    while (this.#misses < MAX_MISSES && !isOver()) {
      const length = receiveNow(descriptor, this.#buffer)
      const now = performance.now()
      if (length < 0) {
        fail(`recv ${getSystemErrorName(length)}`)
      } else if (length > 0) {
        this.#misses = 0
        last = now
        receive(this.#buffer.subarray(0, length))
      } else if (now - last > LINGER_MS) {
        this.#misses++
        return
      }
      if (now - began > MAX_MS) return
    }
  }
}
