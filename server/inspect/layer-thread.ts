// The thread that reads and recodes layers: begun when there is one, ended when there is none left.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { LayerFacts } from '../contract/layer-facts.ts'
import type { Recoded } from './layer-recoder.ts'
import type { FileJob, FileRecodeJob, WorkerAnswer, WorkerJob } from './layer-worker.ts'

/** Names of a layer fill the old generation; tar bytes come in buffers that each collection of the young one frees. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 }

const WORKER_URL = new URL(`./layer-worker${extname(import.meta.url)}`, import.meta.url)

export class LayerThread {
  #worker: Worker | undefined

  /** One at a time. A layer that takes more memory than any honest one is a bomb. Throws Error when it cannot be read. */
  async read(job: FileJob, onBytes: (bytes: number) => void): Promise<LayerFacts> {
    try {
      return (await this.#run(job, onBytes)) as LayerFacts
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return tooMuch(job.digest)
      throw error
    }
  }

  /** One at a time. Throws Error when it cannot be done. */
  async recode(job: FileRecodeJob): Promise<Recoded> {
    return (await this.#run(job, () => {})) as Recoded
  }

  async end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #run(job: WorkerJob, onBytes: (bytes: number) => void): Promise<LayerFacts | Recoded> {
    const worker = (this.#worker ??= new Worker(WORKER_URL, { resourceLimits: LIMITS }))
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      }
      const onMessage = (answer: WorkerAnswer): void => {
        if (answer.type === 'progress') return onBytes(answer.bytes)
        settle()
        if (answer.type === 'done') resolve(answer.result)
        else reject(new Error(answer.message))
      }
      const onError = (error: Error): void => {
        settle()
        this.#worker = undefined
        reject(error)
      }
      const onExit = (code: number): void => onError(new Error(`the thread ended with ${code}`))
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(job)
    })
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
