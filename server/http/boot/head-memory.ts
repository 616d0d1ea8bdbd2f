// A text that is made anew for each request, under UEFI HTTP Boot: its HEAD has to tell the length of what the GET behind it will get.

const KEEP_MS = 30_000
const MAX_TEXTS = 1000

/**
 * Returns what makes a text, or hands out the one that was made for the HEAD before. So a decision is made once, and told once, for the two
 * requests that UEFI makes of one.
 */
export function headMemory({ now = () => performance.now() } = {}) {
  const made = new Map<string, { text: string; at: number }>()
  return (isHead: boolean, key: string, make: () => string | undefined): string | undefined => {
    const before = made.get(key)
    made.delete(key)
    const text = before && now() - before.at < KEEP_MS ? before.text : make()
    if (isHead && text !== undefined) {
      made.set(key, { text, at: now() })
      const oldest = made.keys().next().value
      if (made.size > MAX_TEXTS && oldest !== undefined) made.delete(oldest)
    }
    return text
  }
}
