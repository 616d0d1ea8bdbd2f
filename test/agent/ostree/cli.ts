// The public ostree command line as a peer: the recipe of specification item 2.7 for plain images.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianRoot } from '../../../boot-assets/debian/root.ts'
import { canonicalJson } from '../../../boot-assets/agent/ostree/canonical-json.ts'
import { writeTar } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'
import type { TestImage } from './image.ts'

const IMPORTER = 'ostree.importer.version=0.15.3'

/** An ostree program to run. */
export class OstreeCli {
  readonly #command: readonly string[]

  private constructor(command: readonly string[]) {
    this.#command = command
  }

  /** Debian testing's: 2024.5 or newer is needed where layers turn files into directories (specification item 1.1). */
  static async recent(): Promise<OstreeCli> {
    const root = await debianRoot({ suite: 'forky', packages: ['ostree'] })
    const libraries = [`${root}/usr/lib/x86_64-linux-gnu`, `${root}/usr/lib/aarch64-linux-gnu`].join(':')
    const loader =
      process.arch === 'arm64' ? 'usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1' : 'usr/lib64/ld-linux-x86-64.so.2'
    // Its own loader and libraries: no chroot needed.
    return new OstreeCli([join(root, loader), '--library-path', libraries, `${root}/usr/bin/ostree`])
  }

  run(repo: string, ...args: string[]): string {
    const [program, ...first] = [...this.#command, `--repo=${repo}`, ...args]
    return execFileSync(program!, first, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 28,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    }).trim()
  }

  /** Commits a layer whose tar went through the filter already. Returns the commit. */
  commitLayer(repo: string, tar: string, branch: string): string {
    return this.run(
      repo,
      'commit',
      '--no-bindings',
      '--tar-autocreate-parents',
      `--tree=tar=${tar}`,
      `--add-metadata-string=${IMPORTER}`,
      `--branch=${branch}`,
      '--timestamp=@0',
    )
  }

  /** Merges layer commits and commits the result with the image's metadata. */
  commitMerge(repo: string, layers: readonly string[], image: TestImage, scratch: string): string {
    const tree = join(scratch, 'merge')
    for (const layer of layers)
      this.run(repo, 'checkout', '-H', '--union', '--force-copy-zerosized', '--whiteouts', layer, tree)
    for (const name of ['hostname', 'resolv.conf']) {
      execFileSync('find', [tree, '-path', `${tree}/usr/etc/${name}`, '-type', 'f', '-empty', '-delete'])
    }
    const commit = this.run(
      repo,
      'commit',
      '--branch=merge',
      '--no-bindings',
      '--parent=none',
      `--tree=dir=${tree}`,
      '--link-checkout-speedup',
      `--timestamp=@${Math.floor(Date.parse(image.config.created!) / 1000)}`,
      `--add-metadata-string=ostree.container.image-config=${canonicalJson(image.config)}`,
      `--add-metadata-string=${IMPORTER}`,
      `--add-metadata-string=ostree.manifest=${canonicalJson(image.manifest)}`,
      `--add-metadata-string=ostree.manifest-digest=${image.manifestDigest}`,
    )
    rmSync(tree, { recursive: true })
    return commit
  }

  /** Imports layers given as entries; the filter of item 2.4 is applied to the entries, not to tar bytes. */
  importEntries(
    folder: string,
    layers: readonly (readonly Entry[])[],
    image: TestImage,
  ): { layers: string[]; merge: string } {
    const scratch = mkdtempSync(join(folder, 'cli-'))
    const repo = join(scratch, 'repo')
    this.run(repo, 'init', '--mode=bare')
    const commits = layers.map((entries, index) => {
      const tar = join(scratch, `${index}.tar`)
      writeFileSync(tar, writeTar(entries.flatMap(filterEntry)))
      return this.commitLayer(repo, tar, `layer/${index}`)
    })
    const merge = this.commitMerge(repo, commits, image, scratch)
    rmSync(scratch, { recursive: true })
    return { layers: commits, merge }
  }
}

function filterEntry(entry: Entry): Entry[] {
  if (/^(\.?\/)*(run|tmp|proc|sys|dev)\/+[^/]/.test(entry.path)) return []
  const remap = (path: string): string => path.replace(/^(\.?\/)*etc(?=\/|$)/, 'usr/etc')
  const moved = { ...entry, path: remap(entry.path) }
  return [entry.type === 'hardlink' ? { ...moved, target: remap(entry.target!) } : moved]
}
