// The public ostree command line as a peer: the recipe of specification item 2.7.
import { execFileSync } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianRoot } from '../../../boot-assets/debian/root.ts'
import type { Suite } from '../../../boot-assets/debian/root.ts'
import { canonicalJson } from '../../../boot-assets/agent/ostree/canonical-json.ts'
import { writeTar } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'
import type { TestImage } from './image.ts'

const IMPORTER = 'ostree.importer.version=0.15.3'

/** An ostree program to run. */
export class OstreeCli {
  /** The program with what its loader needs. */
  readonly command: readonly string[]

  private constructor(command: readonly string[]) {
    this.command = command
  }

  /** Debian testing's: 2024.5 or newer is needed where layers turn files into directories (specification item 1.1). */
  static recent(): Promise<OstreeCli> {
    return OstreeCli.of('forky')
  }

  /** That of a Debian release: 2025.2 in trixie, 2026.4 or newer in forky. */
  static async of(suite: Suite): Promise<OstreeCli> {
    const root = await debianRoot({ suite, packages: ['ostree'] })
    const libraries = [`${root}/usr/lib/x86_64-linux-gnu`, `${root}/usr/lib/aarch64-linux-gnu`].join(':')
    const loader =
      process.arch === 'arm64' ? 'usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1' : 'usr/lib64/ld-linux-x86-64.so.2'
    // Its own loader and libraries: no chroot needed.
    return new OstreeCli([join(root, loader), '--library-path', libraries, `${root}/usr/bin/ostree`])
  }

  run(repo: string, ...args: string[]): string {
    return this.#run([`--repo=${repo}`, ...args])
  }

  /** A commit's metadata value, out of GVariant text: in either quotes, with backslashes. */
  metadata(repo: string, commit: string, key: string): string {
    const text = this.run(repo, 'show', `--print-metadata-key=${key}`, commit)
    if (!/^(['"]).*\1$/s.test(text)) throw new Error(`${key} of ${commit} is no string: ${text}`)
    return text.slice(1, -1).replace(/\\(['"\\])/g, '$1')
  }

  /** `ostree admin ...` on a physical root. */
  admin(sysroot: string, command: string, ...args: string[]): string {
    return this.#run(['admin', command, `--sysroot=${sysroot}`, ...args])
  }

  #run(args: readonly string[]): string {
    const [program, ...first] = [...this.command, ...args]
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
      '--parent=none',
      '--timestamp=@0',
    )
  }

  /** Imports the layers of an embedded commit. Returns the commits of layers, its own for the first. */
  importBase(repo: string, { layers, commit }: EmbeddedCommit, scratch: string): string[] {
    const source = mkdtempSync(join(scratch, 'source-'))
    const objects = layers.map((layer, index) => {
      const tar = join(scratch, `base-${index}.tar`)
      writeFileSync(tar, layer)
      execFileSync('tar', ['-xpf', tar, '--strip-components=3', '-C', source, 'sysroot/ostree/repo'])
      const names = execFileSync('tar', ['-tf', tar], { encoding: 'utf8', maxBuffer: 2 ** 28 })
      return [...names.matchAll(/objects\/(..)\/([0-9a-f]{62})\.file$/gm)].map(([, prefix, rest]) => prefix! + rest!)
    })
    for (const folder of ['refs/heads', 'tmp']) mkdirSync(join(source, folder), { recursive: true })
    this.run(repo, 'pull-local', source, commit)
    return [commit, ...objects.slice(1).map((sums, index) => this.#commitChunk(repo, sums, index, scratch))]
  }

  /** A flat folder of the chunk's objects, each named by its checksum. */
  #commitChunk(repo: string, sums: readonly string[], index: number, scratch: string): string {
    const folder = join(scratch, `chunk-${index}`)
    mkdirSync(folder, { mode: 0o755 })
    for (const sum of sums) {
      linkSync(join(repo, 'objects', sum.slice(0, 2), `${sum.slice(2)}.file`), join(folder, sum))
    }
    const options = ['--no-bindings', '--timestamp=@0', `--tree=dir=${folder}`, '--link-checkout-speedup']
    return this.run(repo, 'commit', `--branch=chunk/${index}`, ...options)
  }

  /** Merges layer commits onto a base, if there is one, and commits the result with the image's metadata. */
  commitMerge(
    repo: string,
    layers: readonly string[],
    image: TestImage,
    { scratch, base, selinux = false }: { scratch: string; base?: string | undefined; selinux?: boolean },
  ): string {
    const tree = join(scratch, 'merge')
    const union = ['checkout', '-H', '--union', '--force-copy-zerosized']
    if (base !== undefined) this.run(repo, ...union, base, tree)
    // All of them by one process: its start takes longer than small layers do.
    const list = join(scratch, 'layers')
    writeFileSync(list, layers.map((layer) => `${layer}\0/\0`).join(''))
    this.run(repo, ...union, '--whiteouts', `--from-file=${list}`, tree)
    for (const name of ['hostname', 'resolv.conf']) {
      const path = join(tree, 'usr/etc', name)
      const stat = lstatSync(path, { throwIfNoEntry: false })
      if (stat?.isFile() && stat.size === 0) rmSync(path)
    }
    const commit = this.run(
      repo,
      'commit',
      '--branch=merge',
      '--no-bindings',
      `--parent=${base ?? 'none'}`,
      `--tree=dir=${tree}`,
      '--link-checkout-speedup',
      `--timestamp=@${Math.floor(Date.parse(image.config.created!) / 1000)}`,
      `--add-metadata-string=ostree.container.image-config=${canonicalJson(image.config)}`,
      `--add-metadata-string=${IMPORTER}`,
      `--add-metadata-string=ostree.manifest=${canonicalJson(image.manifest)}`,
      `--add-metadata-string=ostree.manifest-digest=${image.manifestDigest}`,
      ...(selinux ? [`--selinux-policy=${tree}`] : []),
    )
    rmSync(tree, { recursive: true })
    return commit
  }

  /**
   * Imports layers given as entries, into a repository of their own unless one is given; the filter of item 2.4 is applied to the entries, not
   * to tar bytes.
   */
  importEntries(
    folder: string,
    layers: readonly (readonly Entry[])[],
    image: TestImage,
    {
      base,
      allowNonUsr = true,
      selinux = false,
      repo,
    }: { base?: EmbeddedCommit | undefined; allowNonUsr?: boolean; selinux?: boolean; repo?: string } = {},
  ): { layers: string[]; merge: string } {
    const scratch = mkdtempSync(join(folder, 'cli-'))
    repo ??= this.init(join(scratch, 'repo'))
    const below = base === undefined ? [] : this.importBase(repo, base, scratch)
    const commits = layers.map((entries, index) => {
      const tar = join(scratch, `${index}.tar`)
      writeFileSync(tar, writeTar(entries.flatMap((entry) => filterEntry(entry, allowNonUsr))))
      return this.commitLayer(repo, tar, `layer/${index}`)
    })
    const merge = this.commitMerge(repo, commits, image, { scratch, base: base?.commit, selinux })
    rmSync(scratch, { recursive: true })
    return { layers: [...below, ...commits], merge }
  }

  /** A new repository; the result is its path. */
  init(repo: string): string {
    this.run(repo, 'init', '--mode=bare')
    return repo
  }
}

/** An OSTree commit as layers: that of the commit, then the chunks. */
export interface EmbeddedCommit {
  layers: readonly Buffer[]
  commit: string
}

function filterEntry(entry: Entry, allowNonUsr: boolean): Entry[] {
  if (/^(\.?\/)*(run|tmp|proc|sys|dev)\/+[^/]/.test(entry.path)) return []
  if (!allowNonUsr && !/^(\.?\/)*((usr|etc|var|run|tmp|proc|sys|dev)(\/|$)|$)/.test(entry.path)) return []
  const remap = (path: string): string => path.replace(/^(\.?\/)*etc(?=\/|$)/, 'usr/etc')
  const moved = { ...entry, path: remap(entry.path) }
  return [entry.type === 'hardlink' ? { ...moved, target: remap(entry.target!) } : moved]
}
