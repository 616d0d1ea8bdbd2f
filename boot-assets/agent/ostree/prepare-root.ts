// What prepare-root.conf of a commit says about the root file system (specification item 1.11).
import { readFileSync } from 'node:fs'
import type { Checksum } from './objects.ts'
import type { Repo } from './repo.ts'

const FILES = ['etc/ostree/prepare-root.conf', 'usr/lib/ostree/prepare-root.conf']

/**
 * Whether a system of this commit shows top-level folders of layers on top of it: with composefs or a transient root, else the root is the
 * deployment's folder as it is. Without the file, no. Throws OstreeError.
 */
export function showsWholeRoot(repo: Repo, commit: Checksum): boolean {
  const { root } = repo.readCommit(commit)
  for (const path of FILES) {
    const file = repo.findFile(root, path)
    if (file !== null) return overlayEnabled(readFileSync(repo.objectPath(file, 'file'), 'utf8'))
  }
  return false
}

/** By the text of a prepare-root.conf. A value that means nothing counts as none, as in ostree-ext. */
export function overlayEnabled(text: string): boolean {
  const values = parse(text)
  const transient = /^(true|1)$/.test(values.get('root.transient') ?? '')
  return transient || /^(yes|true|1|maybe|signed|verity)$/.test(values.get('composefs.enabled') ?? '')
}

/** Whether a system with this prepare-root.conf starts only from files that fs-verity protects. */
export function verityRequired(text: string): boolean {
  return /^(signed|verity)$/.test(parse(text).get('composefs.enabled') ?? '')
}

/** Values by `group.key`. */
function parse(text: string): Map<string, string> {
  const values = new Map<string, string>()
  let group = ''
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const [, name] = /^\[(.*)\]$/.exec(line) ?? []
    if (name !== undefined) group = name
    const [, key, value] = /^([\w.-]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== undefined) values.set(`${group}.${key}`, value!)
  }
  return values
}
