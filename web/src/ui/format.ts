// Numbers, times and digests as people read them.

/** Memory comes in powers of two: `128 GiB`. */
export function formatMemory(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1 ? `${Number(gib.toFixed(1))} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`
}

/** How long ago, in one unit: `12 s ago`. Times ahead, from clocks that differ, are now. */
export function formatAgo(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** The first twelve digits, enough to tell digests apart by eye. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

/** 0 to 100, whole; 0 while the total is not known. */
export function percentOf(bytes: number, totalBytes: number): number {
  return totalBytes > 0 ? Math.min(100, Math.floor((bytes / totalBytes) * 100)) : 0
}
