// Where somebody wanted to go, if that is one of our own pages.

const HERE = 'https://here.invalid'

/** The path with query and fragment as a browser would read it; undefined for whatever leads elsewhere. */
export function ownPath(text: string): string | undefined {
  // Browsers leave out tabs and line ends, take `\` for `/`, and shorten `/./`: the parser does what they do, and its outcome is looked at.
  if (!text.startsWith('/') || !URL.canParse(text, HERE)) return undefined
  const { origin, pathname, search, hash } = new URL(text, HERE)
  return origin === HERE && !pathname.startsWith('//') ? pathname + search + hash : undefined
}
