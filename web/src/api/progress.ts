// Bytes on their way to a disk: taken from events, so that a hundred installs cost no request each.

import type { Event } from '../../../server/contract/event.ts'
import type { Install } from '../../../server/contract/install.ts'

interface Progress {
  step: string
  bytes: number
  totalBytes: number
  rate: number
  message?: string
}

/** The numbers in an `install.progress` event; undefined for any other. */
export function progressOf({ type, data }: Event): Progress | undefined {
  const { step, bytes, totalBytes, rate, message } = data
  if (type !== 'install.progress' || typeof step !== 'string') return undefined
  if (typeof bytes !== 'number' || typeof totalBytes !== 'number' || typeof rate !== 'number') return undefined
  return { step, bytes, totalBytes, rate, ...(typeof message === 'string' && { message }) }
}

/** The install with the step's new numbers. Bytes never run backwards: an answer may be newer than the event that overtook it. */
export function withProgress(install: Install, { step, ...numbers }: Progress): Install {
  const steps = install.steps.map((one) =>
    one.name === step && one.state === 'running' && numbers.bytes >= one.bytes ? { ...one, ...numbers } : one,
  )
  return { ...install, steps }
}
