// Labels as text: one as in filters, many as lines.

import type { Labels } from '../../../../server/contract/common.ts'

/** `rack=r12`, as the API's filter takes it; a label without a value is its key alone. */
export function labelText([key, value]: readonly [key: string, value: string]): string {
  return value === '' ? key : `${key}=${value}`
}

export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')
}

/** One `key=value` a line; a line without `=` is a label with an empty value. */
export function parseLabels(text: string): Labels {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}

/** Lines that hold something, without the space around. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
