/** File names as firmware writes them, made one plain relative path. */

/**
 * `a/b` for `tftp://host/a/b`, `\a\b`, `//a/./c/../b`; undefined if the name is empty, holds control characters, or
 * points above the root.
 */
export function normalizeName(name: string): string | undefined {
  const path = name.replace(/^tftp:\/\/[^/]*/i, '').replaceAll('\\', '/')
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(path)) return undefined
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.length === 0 ? undefined : parts.join('/')
}
