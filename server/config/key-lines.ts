// Line numbers of keys in a TOML text that parses: parsers give values without places, and messages need them.

const HEADER = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$/
const KEY = /^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/

/**
 * Line, counted from 1, of each key by its dotted path. Keys inside inline tables and inside lists of tables are left to the key that
 * holds them. Lines within multi-line values are taken for keys if they look like one; a path that parses to nothing is never asked for.
 */
export function keyLines(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  let table: string[] = []
  text.split('\n').forEach((content, index) => {
    const note = (path: string[]) => {
      // A group is where its first key is, unless its own header came first.
      path.forEach((_, end) => {
        const part = path.slice(0, end + 1).join('.')
        if (!lines.has(part)) lines.set(part, index + 1)
      })
    }
    const header = HEADER.exec(content)
    const key = KEY.exec(content)
    if (header?.[1]) {
      table = keyParts(header[1])
      note(table)
    } else if (key?.[1]) note([...table, ...keyParts(key[1])])
  })
  return lines
}

function keyParts(text: string): string[] {
  return (text.match(/"[^"]*"|'[^']*'|[^.\s]+/g) ?? []).map((part) => part.replace(/^["']|["']$/g, ''))
}
