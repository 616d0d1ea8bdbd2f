// Worker thread that imports layers, one after another, so that several layers use several cores.
import { parentPort, workerData } from 'node:worker_threads'
import { BlobFetcher } from '../stream/blob-source.ts'
import { importLayer } from './import-layer.ts'
import type { ImportedLayer, LayerJob, LayerProgress } from './import-layer.ts'
import { Repo } from './repo.ts'

/** Errors lose their class when they cross a thread border; this is what is left of one. */
export interface SentError {
  name: string
  code: string | null
  message: string
  stack: string | undefined
}

export type WorkerAnswer =
  | { type: 'progress'; progress: LayerProgress }
  | { type: 'done'; layer: ImportedLayer }
  | { type: 'failed'; error: SentError }

if (parentPort !== null) serve(parentPort, Repo.open((workerData as { repo: string }).repo))

function serve(port: NonNullable<typeof parentPort>, repo: Repo): void {
  const fetcher = new BlobFetcher()
  const answer = (message: WorkerAnswer): void => port.postMessage(message)
  port.on('message', (job: LayerJob) => {
    importLayer(repo, job, fetcher, (progress) => answer({ type: 'progress', progress })).then(
      (layer) => answer({ type: 'done', layer }),
      (error: Error & { code?: string }) => {
        const { name, message, stack, code = null } = error
        answer({ type: 'failed', error: { name, message, stack, code } })
      },
    )
  })
}
