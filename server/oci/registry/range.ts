// Byte ranges and preconditions of RFC 9110, as far as files need them.

/**
 * One `bytes=` range (RFC 9110 section 14) clipped to the content; several ranges or other units are ignored, as the RFC allows, and the
 * whole is sent.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < Number(match[1])) return undefined
  if (first >= size || last < first) return 'unsatisfiable'
  return { start: first, end: last }
}

/** Whether a list of entity tags (If-Match, If-None-Match) names this one; `*` names any. */
export function listsTag(list: string, etag: string): boolean {
  return list
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === '*' || tag === etag)
}
