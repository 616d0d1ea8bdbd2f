// What a system calls itself: os-release(5).

/** `NAME="Debian GNU/Linux"` lines. */
export function parseOsRelease(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, key, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim()) ?? []
      return key === undefined || value === undefined ? [] : [[key, value.replace(/^(["'])(.*)\1$/, '$2')] as const]
    }),
  )
}
