// Whether blobs that come from a user's folder are what their names say.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { IsoError } from './error.ts'
import type { IsoBlob } from './image.ts'

interface CheckOptions {
  /** Hashed since the last call. */
  onBytes?: (count: number) => void
  signal?: AbortSignal
}

const HASH_WORKER = new URL('./hash-worker.js', import.meta.url)

/** Compares the blobs that nobody has compared yet, in another thread. Throws IsoError IMAGE_UNUSABLE. */
export async function checkBlobs(
  blobs: readonly IsoBlob[],
  { onBytes = () => {}, signal }: CheckOptions = {},
): Promise<void> {
  const unchecked = new Map(blobs.filter(({ checked }) => !checked).map(({ file, ...rest }) => [file, rest]))
  if (unchecked.size === 0) return
  const worker = new Worker(HASH_WORKER, { workerData: [...unchecked].map(([file, { size }]) => ({ file, size })) })
  const stop = () => void worker.terminate()
  let wrong: string | undefined
  worker.on('message', (answer: { bytes: number } | { file: string; digest: string }) => {
    if ('bytes' in answer) return onBytes(answer.bytes)
    const { file, digest } = answer
    const want = unchecked.get(file)?.digest
    if (digest === want) return void unchecked.delete(file)
    wrong ??= `${file}: got ${digest}, want ${want}`
    stop()
  })
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  try {
    // Rejects when the thread throws.
    await once(worker, 'exit')
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  signal?.throwIfAborted()
  if (unchecked.size === 0) return
  // A thread that ended before its work was done has not said that all is well.
  throw new IsoError('IMAGE_UNUSABLE', `checking ${wrong ?? `${[...unchecked.keys()].join(', ')}: not finished`}`, {
    hint: 'the layout is damaged: copy the image again',
  })
}
