// An ISO on its way in: written, hashed and judged in one pass, so that gigabytes are read once.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { formatBytes } from '../contract/bytes.ts'
import { MediaError, storeError } from './errors.ts'
import { writeFully } from '../host/durable-files.ts'
import { IsoReader } from './implanted-md5.ts'
import type { IsoReading } from './implanted-md5.ts'

export interface ReceivedIso {
  reading: IsoReading
  sizeBytes: number
  digest: string
}

export interface ReceiveOptions {
  maxBytes: number
  /** The total is the volume's own word; 0 while it is not known. */
  onBytes: (bytes: number, totalBytes: number) => void
  signal?: AbortSignal | undefined
}

/**
 * Writes a stream into a new file and syncs it. What is no ISO, or too large by its own word, is refused after the first 64 KiB. Throws
 * NOT_AN_ISO, ISO_TOO_LARGE, ISO_CUT_SHORT, NO_SPACE, STORE_IO, ABORTED; the file is the caller's to remove.
 */
export async function receiveIso(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: ReceiveOptions,
): Promise<ReceivedIso> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw storeError('storing the ISO', cause)
  })
  try {
    const received = await receiveInto(file, source, options)
    await file.sync().catch((cause: unknown) => {
      throw storeError('storing the ISO', cause)
    })
    return received
  } finally {
    await file.close()
  }
}

async function receiveInto(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { maxBytes, onBytes, signal }: ReceiveOptions,
): Promise<ReceivedIso> {
  const reader = new IsoReader()
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of interruptible(
    source,
    () => `${sizeBytes} of ${reader.volume?.sizeBytes ?? 'unknown'} bytes`,
  )) {
    if (signal?.aborted) throw new MediaError('ABORTED', `receiving the ISO: stopped after ${sizeBytes} bytes`)
    // The disk writes while we hash.
    const written = writeFully(file, [chunk], sizeBytes)
    try {
      reader.update(chunk)
      hash.update(chunk)
    } finally {
      await written.catch((cause: unknown) => {
        throw storeError('storing the ISO', cause)
      })
    }
    sizeBytes += chunk.length
    const claimed = Math.max(sizeBytes, reader.volume?.sizeBytes ?? 0)
    if (claimed > maxBytes) throw tooLarge(claimed, maxBytes)
    onBytes(sizeBytes, reader.volume?.sizeBytes ?? 0)
  }
  return { reading: reader.finish(), sizeBytes, digest: `sha256:${hash.digest('hex')}` }
}

export function tooLarge(bytes: number, maxBytes: number): MediaError {
  return new MediaError(
    'ISO_TOO_LARGE',
    `the ISO has ${formatBytes(bytes)}, at most ${formatBytes(maxBytes)} are taken`,
    {
      hint: 'take the boot or netinst ISO: packages on the medium are not used',
    },
  )
}

/** The source, with its breaking off told as what it is to a person. */
async function* interruptible(source: AsyncIterable<Uint8Array>, soFar: () => string): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw new MediaError('ISO_CUT_SHORT', `receiving the ISO: the upload broke off after ${soFar()}`, {
      cause,
      hint: 'send it again',
    })
  }
}
