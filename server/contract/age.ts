// How long ago something was, for people.

/** In one unit: `35 s`, `4 min`, `3 h`, `12 d`. */
export function formatAge(at: string | null, now = Date.now()): string {
  if (!at) return 'never'
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}
