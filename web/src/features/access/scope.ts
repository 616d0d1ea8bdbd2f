// Scopes as people write them: `rack=r1, row=2`; nothing for everything.

import type { Scope } from '../../../../server/contract/access.ts'

export function formatScope(scope: Scope | null): string {
  return Object.entries(scope ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}

/** Null for everything; undefined when it cannot be read. */
export function parseScope(text: string): Scope | null | undefined {
  const pairs = text.split(/[\s,]+/).filter((pair) => pair !== '')
  if (pairs.length === 0) return null
  const entries = pairs.map((pair) => /^([^=]+)=(.*)$/.exec(pair)?.slice(1) as [string, string] | undefined)
  return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : undefined
}
