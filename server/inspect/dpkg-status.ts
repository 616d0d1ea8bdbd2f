// The packages in dpkg's status file: paragraphs of `Field: value` lines (deb822).
import type { Package } from '../contract/layer-facts.ts'

/** Packages that are installed, by name. What is no such file has none. */
export function readDpkgStatus(text: string): Package[] {
  const packages: Package[] = []
  for (const paragraph of text.split(/\n\n+/)) {
    const name = field(paragraph, 'Package')
    const version = field(paragraph, 'Version')
    const isInstalled = /^\S+ \S+ installed$/.test(field(paragraph, 'Status') ?? '')
    if (name === undefined || version === undefined || !isInstalled) continue
    packages.push({ name, version, architecture: field(paragraph, 'Architecture') ?? '' })
  }
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function field(paragraph: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, 'm').exec(paragraph)?.[1]?.trim()
}
