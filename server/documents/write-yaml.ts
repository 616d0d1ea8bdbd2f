// Documents as a file that people keep, one after the other.
import type { Document } from '../contract/document.ts'
import { toYaml } from '../contract/yaml-text.ts'

/** Each begins with a line of its own, so that files can be put together. Without a newline at its end. */
export function documentYaml(document: Document): string {
  return `---\n${toYaml(document)}`
}
