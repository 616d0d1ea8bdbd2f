// What the tests of the pages read in them.

export interface Fence {
  language: string
  text: string
}

const FENCE = /^( *)```([^\n]*)\n(.*?)^\1```$/gms

export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(FENCE)].map(([, , language, inside]) => ({ language: language!.trim(), text: inside! }))
}

export function withoutFences(text: string): string {
  return text.replaceAll(FENCE, '')
}

/** Targets of links and pictures. */
export function linksOf(text: string): string[] {
  return [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
}

/** Names that links may have behind `#`, as GitHub makes them of headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-')
    let name = slug
    for (let count = 1; anchors.has(name); count++) name = `${slug}-${count}`
    anchors.add(name)
  }
  return anchors
}
