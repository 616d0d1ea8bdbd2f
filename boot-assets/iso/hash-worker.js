// Worker thread that takes SHA-256 of files: a core of its own, while another writes and sums the ISO. JavaScript, because a thread that has to
// strip types first loads a compiler, which takes as long as hashing 80 MB.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const CHUNK_BYTES = 2 ** 20
/** Few messages for gigabytes. */
const REPORT_BYTES = 2 ** 24

const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
for (const { file, size } of workerData) parentPort.postMessage({ file, digest: digestOf(file, size) })

/** Reads one byte more than there should be at most, which is enough for another digest. */
function digestOf(file, size) {
  const hash = createHash('sha256')
  const descriptor = openSync(file)
  try {
    let reported = 0
    for (let done = 0; done <= size;) {
      const count = readSync(descriptor, buffer, 0, Math.min(CHUNK_BYTES, size + 1 - done), done)
      if (count === 0) break
      hash.update(buffer.subarray(0, count))
      done += count
      if (done - reported < REPORT_BYTES) continue
      parentPort.postMessage({ bytes: done - reported })
      reported = done
    }
    parentPort.postMessage({ bytes: size - reported })
  } finally {
    closeSync(descriptor)
  }
  return `sha256:${hash.digest('hex')}`
}
