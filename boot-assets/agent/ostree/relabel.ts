// SELinux labels of what layers brought: container tools leave them out, so the merged tree's own policy decides (specification item 2.5).
//
// Which label a path gets is asked of the image's libostree and libselinux, by committing a checkout with the policy. Content whose label
// changes is written once more; what nothing refers to any more goes when ostree prunes, at the end of the deployment.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutTree } from './checkout.ts'
import { writeLayerCommit } from './commit.ts'
import type { Checksum } from './objects.ts'
import type { Repo } from './repo.ts'

const POLICY_CONFIG = 'usr/etc/selinux/config'

export interface ImportedCommits {
  mergeCommit: Checksum
  /** Ref of the merge commit. */
  imageRef: string
  /** Commits of derived layers by ref: those of an embedded commit carry their labels. */
  derived: ReadonlyMap<string, Checksum>
}

/**
 * Commits a folder with the labels of a policy and returns the commit. Both paths are below the repository, `policy` is a root with
 * `usr/etc/selinux`.
 */
export type LabelTree = (folder: string, policy: string) => Promise<Checksum>

/**
 * Labels the merge commit and the derived layers, and lets their refs point to the labelled commits. Returns the merge commit; the one it
 * had without policy, or without derived layers.
 */
export async function relabel(repo: Repo, imported: ImportedCommits, label: LabelTree): Promise<Checksum> {
  const { mergeCommit, imageRef, derived } = imported
  const merged = repo.readCommit(mergeCommit)
  if (derived.size === 0 || repo.findFile(merged.root, POLICY_CONFIG) === null) return mergeCommit
  const scratch = repo.makeTemporary()
  try {
    const [tree, layer] = [join(scratch, 'merged'), join(scratch, 'layer')]
    checkoutTree(repo, mergeCommit, tree)
    const labelled = repo.writeCommit({ ...merged, root: repo.readCommit(await label(tree, tree)).root })
    const layers = new Map<string, Checksum>()
    for (const [ref, commit] of derived) {
      checkoutTree(repo, commit, layer)
      layers.set(ref, writeLayerCommit(repo, repo.readCommit(await label(layer, tree)).root))
      rmSync(layer, { recursive: true })
    }
    await repo.sync()
    for (const [ref, commit] of layers) repo.setRef(ref, commit)
    repo.setRef(imageRef, labelled)
    return labelled
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
