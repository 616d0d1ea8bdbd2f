// A few worker threads that share the layers of an image.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StreamError } from '../stream/errors.ts'
import type { StreamErrorCode } from '../stream/errors.ts'
import { OstreeError } from './errors.ts'
import type { OstreeErrorCode } from './errors.ts'
import type { ImportedLayer, LayerJob, LayerProgress } from './import-layer.ts'
import type { SentError, WorkerAnswer } from './layer-worker.ts'
import type { Repo } from './repo.ts'

/**
 * Heap of one worker, MiB; a layer's tree is what fills it, and stays below (layer-tree.ts). The young generation is small because each
 * of its collections also frees the buffers that bytes came in over the network.
 */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 2 }

/** The worker's own file lies beside this one, be they sources or bundles. */
const WORKER_URL = new URL(`./layer-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Imports all jobs on `concurrency` threads, largest first, and calls `onProgress` and `onDone` as they go. The first failure stops
 * everything and is thrown once all threads have ended. Throws ABORTED when `signal` fires.
 */
export async function importLayers(
  repo: Repo,
  jobs: readonly LayerJob[],
  options: {
    concurrency: number
    onProgress: (job: LayerJob, progress: LayerProgress) => void
    onDone: (job: LayerJob, layer: ImportedLayer) => void
    signal?: AbortSignal | undefined
  },
): Promise<void> {
  const { concurrency, onProgress, onDone, signal } = options
  const queue = jobs.toSorted((a, b) => b.size - a.size)
  const workers: Worker[] = []
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const abort = (): void => failed.reject(new OstreeError('ABORTED', 'importing the image: cancelled'))
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort)
  const work = async (): Promise<void> => {
    const worker = new Worker(WORKER_URL, { workerData: { repo: repo.path }, resourceLimits: WORKER_LIMITS })
    workers.push(worker)
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const current = job
      onProgress(current, { bytes: 0, files: 0, source: null })
      onDone(current, await runJob(worker, current, (progress) => onProgress(current, progress)))
    }
  }
  try {
    const threads = Array.from({ length: Math.min(concurrency, queue.length) }, work)
    await Promise.race([Promise.all(threads), failed.promise])
  } finally {
    signal?.removeEventListener('abort', abort)
    queue.length = 0
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function runJob(worker: Worker, job: LayerJob, onProgress: (progress: LayerProgress) => void): Promise<ImportedLayer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    }
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.type === 'progress') return onProgress(answer.progress)
      settle()
      if (answer.type === 'done') resolve(answer.layer)
      else reject(revive(answer.error))
    }
    const onError = (cause: Error & { code?: string }): void => {
      settle()
      const code = cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'TOO_MANY_FILES' : 'WORKER_DIED'
      reject(new OstreeError(code, `importing layer ${job.digest}: ${cause.message}`, { cause }))
    }
    const onExit = (code: number): void => onError(new Error(`the thread ended with ${code}`))
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage(job)
  })
}

function revive({ name, code, message, stack }: SentError): Error {
  const error =
    name === 'StreamError'
      ? new StreamError(code as StreamErrorCode, message)
      : name === 'OstreeError'
        ? new OstreeError(code as OstreeErrorCode, message)
        : Object.assign(new Error(message), { code })
  if (stack !== undefined) error.stack = stack
  return error
}
