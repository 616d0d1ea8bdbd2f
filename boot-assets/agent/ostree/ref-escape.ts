// Arbitrary text as an OSTree ref, as ostree-ext escapes it (specification item 2.2).
import { OstreeError } from './errors.ts'

/**
 * Escapes text for use in a ref: `sha256:abc` becomes `sha256_3A_abc`. A slash stays a slash only after a letter or digit
 * and not at the end, since refs are paths.
 */
export function escapeRef(text: string): string {
  if (text === '' || text.includes('\0')) throw new OstreeError('IMAGE_INVALID', `not usable in a ref: "${text}"`)
  const characters = [...text]
  return characters
    .map((character, index) => {
      if (/[A-Za-z0-9-]/.test(character)) return character
      if (character === '_') return '__'
      const previous = characters[index - 1] ?? ''
      if (character === '/' && /[A-Za-z0-9]/.test(previous) && index < characters.length - 1) return '/'
      return `_${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}_`
    })
    .join('')
}

/** The reverse of {@link escapeRef}. */
export function unescapeRef(ref: string): string {
  if (!/^(?:[A-Za-z0-9/-]|__|_[0-9A-F]+_)*$/.test(ref)) {
    throw new OstreeError('IMAGE_INVALID', `not an escaped ref: "${ref}"`)
  }
  return ref.replace(/_([0-9A-F]*)_/g, (_, hex: string) => (hex === '' ? '_' : String.fromCodePoint(parseInt(hex, 16))))
}

/** Ref of the commit made of one layer, by the layer's digest in the manifest. */
export function layerRef(digest: string): string {
  return `ostree/container/blob/${escapeRef(digest)}`
}

/** Ref of the merge commit, by target transport and name, e.g. `docker://registry.example/os/web:stable`. */
export function imageRef(transportAndName: string): string {
  return `ostree/container/image/${escapeRef(transportAndName)}`
}
