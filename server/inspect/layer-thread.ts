// The thread that reads layers: begun when there is one to read, ended when there is none left.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { LayerFacts } from '../contract/layer-facts.ts'
import type { FileJob, WorkerAnswer } from './layer-worker.ts'

/** Names of a layer fill the old generation; tar bytes come in buffers that each collection of the young one frees. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 }

const WORKER_URL = new URL(`./layer-worker${extname(import.meta.url)}`, import.meta.url)

export class LayerThread {
  #worker: Worker | undefined

  /** One at a time. A layer that takes more memory than any honest one is a bomb. Throws Error when it cannot be read. */
  read(job: FileJob, onBytes: (bytes: number) => void): Promise<LayerFacts> {
    const worker = (this.#worker ??= new Worker(WORKER_URL, { resourceLimits: LIMITS }))
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      }
      const onMessage = (answer: WorkerAnswer): void => {
        if (answer.type === 'progress') return onBytes(answer.bytes)
        settle()
        if (answer.type === 'done') resolve(answer.facts)
        else reject(new Error(answer.message))
      }
      const onError = (error: Error & { code?: string }): void => {
        settle()
        this.#worker = undefined
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(tooMuch(job.digest))
        else reject(error)
      }
      const onExit = (code: number): void => onError(new Error(`the thread ended with ${code}`))
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(job)
    })
  }

  async end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

function tooMuch(digest: string): LayerFacts {
  return {
    diffId: null,
    unpackedBytes: 0,
    entries: { files: 0, directories: 0, links: 0, removals: 0 },
    kept: [],
    removed: [],
    databases: [],
    problem: { code: 'LAYER_BOMB', message: `reading layer ${digest} takes more memory than any honest layer does` },
  }
}
