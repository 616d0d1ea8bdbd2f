// Large files on their way to the server.

import type { ImageProgress } from '../../../server/contract/image.ts'
import { ApiError, problemOf, unreachable } from './client.ts'
import { keys } from './keys.ts'
import { useChange } from './queries.ts'

interface Upload {
  file: Blob
  /** Hears of the bytes that went out. */
  onSent: (bytes: number) => void
  /** Gives it up. */
  signal: AbortSignal
}

/** Takes in a bundle; resolves with the references of its images. */
export function useImportBundle() {
  return useChange(
    async (bundle: Upload) => {
      const lines = await upload<ImageProgress>('/bundles/import', 'application/x-tar', bundle)
      const failed = lines.find((line) => line.type === 'failed')
      if (failed) throw new ApiError(200, failed.code, failed.message, failed.hint)
      return lines.flatMap((line) => (line.type === 'done' ? [line.image.reference] : []))
    },
    [keys.images],
  )
}

/**
 * Sends a file to an operation that answers with one JSON object a line, once it has the file: by XMLHttpRequest, as nothing else tells what has
 * gone out. Throws ApiError.
 */
function upload<Line>(path: string, type: string, { file, onSent, signal }: Upload): Promise<Line[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Line[]>()
  const url = `/api/v1${path}`
  const sending = new XMLHttpRequest()
  sending.open('POST', url)
  sending.setRequestHeader('content-type', type)
  sending.upload.addEventListener('progress', ({ loaded }) => onSent(loaded))
  sending.addEventListener('error', () => reject(unreachable()))
  sending.addEventListener('abort', () => reject(new ApiError(0, 'CANCELLED', 'the upload was given up')))
  sending.addEventListener('load', () => {
    const { status, responseText } = sending
    if (status < 200 || status >= 300) return reject(problemOf(status, responseText))
    const lines = responseText.split('\n').filter((line) => line.trim() !== '')
    resolve(lines.map((line) => JSON.parse(line) as Line))
  })
  signal.addEventListener('abort', () => sending.abort(), { once: true })
  sending.send(file)
  return promise
}
