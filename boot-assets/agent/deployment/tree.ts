// The tree that the image's own programs run in. Until there is a deployment it is a folder of hardlinks beside it, then it is the deployment,
// as bootc has it: a link to each file of an image, and removing them, would cost more than what ostree has to do.
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { checkoutTree } from '../ostree/checkout.ts'
import type { Wanted } from '../ostree/checkout.ts'
import { Repo } from '../ostree/repo.ts'
import { CommandError } from '../sys/command.ts'
import type { RunOptions, RunResult } from '../sys/command.ts'
import type { Host } from '../sys/host.ts'
import { MOUNT_POINTS, runInTree } from '../sys/sandbox.ts'
import type { SandboxView } from '../sys/sandbox.ts'
import type { TomlFile } from './kernel-arguments.ts'

/** Programs, libraries, /etc and what both read when they start; links in / and /usr that lead there; what tells of kernel and deployment. */
const NEEDED_TO_START = [
  /^(usr\/)?[^/]+$/,
  /^(usr\/)?s?bin\//,
  /^usr\/(libexec|etc|share\/crypto-policies)\//,
  /\.so(\.[^/]+)?$/,
  /^usr\/lib\/(bootc|ostree)\//,
  /^usr\/lib\/modules\/[^/]+\/[^/]+$/,
]

const PROGRAM_FOLDERS = ['usr/bin', 'usr/sbin', 'bin', 'sbin']

export interface TreeOptions {
  /** Where the target is mounted. */
  target: string
  commit: string
  /** A folder off the target, for mounts. */
  stage: string
  /** Has the repository and gets the links; the target, if it is not given. */
  store?: string
}

export class ImageTree {
  readonly #host: Host
  readonly #target: string
  readonly #stage: string
  /** The links are in a folder of this one. */
  readonly #store: string
  #commit: string
  path: string
  /** Shown to the programs as /etc: the image's own until the deployment has one. */
  etc: string

  private constructor(host: Host, { target, commit, stage, store = target }: TreeOptions) {
    this.#host = host
    this.#target = target
    this.#stage = stage
    this.#store = store
    this.#commit = commit
    this.path = this.#links
    this.etc = join(this.path, 'usr/etc')
  }

  /** Checks out every file. Who asks calls {@link remove}. */
  static async complete(host: Host, options: TreeOptions): Promise<ImageTree> {
    const tree = new ImageTree(host, options)
    await tree.#link()
    return tree
  }

  /** Checks out what the image's ostree needs: after {@link startOstree}, with {@link settle} the tree becomes complete. Who asks calls {@link remove}. */
  static async forOstree(host: Host, options: TreeOptions): Promise<ImageTree> {
    const tree = new ImageTree(host, options)
    await tree.#link((path) => NEEDED_TO_START.some((pattern) => pattern.test(path)))
    return tree
  }

  /** Runs the image's ostree for the first time. If it does not start, every file is checked out, and it is run again; undefined if there is none. */
  async startOstree(args: readonly string[]): Promise<RunResult | undefined> {
    try {
      return await this.run('ostree', args)
    } catch (error) {
      if (!(error instanceof CommandError) || error.reason !== 'exit') throw error
      await this.#link()
      return this.hasProgram('ostree') ? this.run('ostree', args) : undefined
    }
  }

  /** From now on the tree is this deployment of a commit. One that lacks folders a root has gets links beside it, and only its /etc is shown. */
  async settle(deployment: string, commit: string): Promise<void> {
    this.#commit = commit
    const areFolders = await Promise.all(MOUNT_POINTS.map((name) => isFolder(join(deployment, name))))
    if (areFolders.includes(false)) await this.#link()
    else {
      this.path = deployment
      await this.remove()
    }
    this.etc = join(deployment, 'etc')
  }

  get #links(): string {
    // Not in the repository's tmp: ostree tidies that up by modification time, and files of a tree are from 1970.
    return join(this.#store, '.landfall-tree')
  }

  async #link(wanted?: Wanted): Promise<void> {
    await this.remove()
    checkoutTree(Repo.open(join(this.#store, 'ostree/repo')), this.#commit, this.#links, wanted)
    for (const folder of MOUNT_POINTS) await mkdir(join(this.#links, folder), { recursive: true })
  }

  /** Runs one of the image's programs with the tree as root, /sysroot and /boot being the target's. */
  run(
    command: string,
    args: readonly string[],
    { state, targetAt, ...options }: RunOptions & SandboxView = {},
  ): Promise<RunResult> {
    const { path: tree, etc } = this
    const view = { ...(state !== undefined && { state }), ...(targetAt !== undefined && { targetAt }) }
    const places = { tree, etc, target: this.#target, stage: this.#stage, ...view }
    return runInTree(this.#host, places, command, args, options)
  }

  /** A path of the target as the programs see it. */
  inSandbox(path: string): string {
    return join('/sysroot', relative(this.#target, path))
  }

  /** Whether the image has a file or folder at this path. */
  has(path: string): boolean {
    return existsSync(join(this.path, path))
  }

  hasProgram(name: string): boolean {
    return PROGRAM_FOLDERS.some((folder) => this.has(`${folder}/${name}`))
  }

  /** Names in a folder, sorted; empty if it is not there. */
  async list(path: string): Promise<string[]> {
    return (await readdir(join(this.path, path)).catch(() => [])).sort()
  }

  /** Text of a file; undefined if it is not there. */
  read(path: string): Promise<string | undefined> {
    return readFile(join(this.path, path), 'utf8').catch(() => undefined)
  }

  async readToml(folder: string): Promise<TomlFile[]> {
    const names = (await this.list(folder)).filter((name) => name.endsWith('.toml'))
    return Promise.all(names.map(async (name) => ({ name, text: (await this.read(`${folder}/${name}`)) ?? '' })))
  }

  /** Removes the links: only names go, the objects behind them stay. */
  async remove(): Promise<void> {
    if (!existsSync(this.#links)) return
    // Three times as fast as Node's rm, and a mount that was left behind stops it.
    await this.#host.run('rm', ['--recursive', '--force', '--one-file-system', '--', this.#links], { timeout: 900_000 })
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false
}
