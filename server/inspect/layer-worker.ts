// Worker thread that reads and recodes layers, one after another, off the thread that answers machines.
import { createReadStream } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { LayerFacts } from '../contract/layer-facts.ts'
import { readLayer } from './layer-reader.ts'
import type { LayerJob } from './layer-reader.ts'
import { recodeLayer } from './layer-recoder.ts'
import type { Recoded, RecodeJob } from './layer-recoder.ts'

/** With the blob's file. */
export type FileJob = LayerJob & { file: string }
export type FileRecodeJob = RecodeJob & { file: string }
export type WorkerJob = FileJob | FileRecodeJob

export type WorkerAnswer =
  | { type: 'progress'; bytes: number }
  | { type: 'done'; result: LayerFacts | Recoded }
  | { type: 'failed'; message: string }

const REPORT_INTERVAL_MS = 250
const READ_BYTES = 256 * 1024
const LOWEST_PRIORITY = 19

if (parentPort !== null) serve(parentPort)

function serve(port: NonNullable<typeof parentPort>): void {
  // On Linux that is the priority of this thread alone: those that pull come first.
  setPriority(LOWEST_PRIORITY)
  const answer = (message: WorkerAnswer): void => port.postMessage(message)
  port.on('message', ({ file, ...job }: WorkerJob) => {
    let told = 0
    const onBytes = (bytes: number): void => {
      if (performance.now() - told < REPORT_INTERVAL_MS) return
      told = performance.now()
      answer({ type: 'progress', bytes })
    }
    const chunks = createReadStream(file, { highWaterMark: READ_BYTES })
    const work = 'target' in job ? recodeLayer(chunks, job) : readLayer(chunks, job, onBytes)
    work.then(
      (result: LayerFacts | Recoded) => answer({ type: 'done', result }),
      (error: Error) => answer({ type: 'failed', message: error.message }),
    )
  })
}
