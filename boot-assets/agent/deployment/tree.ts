// The image's tree checked out by hardlink on the target: the image's own programs run in it, then it is removed.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { checkoutTree } from '../ostree/checkout.ts'
import { Repo } from '../ostree/repo.ts'
import type { RunOptions, RunResult } from '../sys/command.ts'
import type { Host } from '../sys/host.ts'
import { MOUNT_POINTS, runInTree } from '../sys/sandbox.ts'
import type { SandboxView } from '../sys/sandbox.ts'
import type { TomlFile } from './kernel-arguments.ts'

const PROGRAM_FOLDERS = ['usr/bin', 'usr/sbin', 'bin', 'sbin']

export class ImageTree {
  readonly #host: Host
  readonly #target: string
  readonly #stage: string
  readonly path: string
  /** Shown to the programs as /etc: the image's own until the deployment has one. */
  etc: string

  private constructor(host: Host, target: string, path: string, stage: string) {
    this.#host = host
    this.#target = target
    this.path = path
    this.#stage = stage
    this.etc = join(path, 'usr/etc')
  }

  /**
   * `stage` is a folder off the target, for mounts; `store` has the repository and gets the tree. Who checks out calls {@link remove}.
   */
  static async checkout(
    host: Host,
    target: string,
    commit: string,
    stage: string,
    store: string = target,
  ): Promise<ImageTree> {
    // Not in the repository's tmp: ostree tidies that up by modification time, and files of a tree are from 1970.
    const path = join(store, '.landfall-tree')
    await rm(path, { recursive: true, force: true })
    checkoutTree(Repo.open(join(store, 'ostree/repo')), commit, path)
    for (const folder of MOUNT_POINTS) await mkdir(join(path, folder), { recursive: true })
    return new ImageTree(host, target, path, stage)
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

  /** Only names go: the objects behind the hardlinks stay. */
  async remove(): Promise<void> {
    // Three times as fast as Node's rm, and a mount that was left behind stops it.
    await this.#host.run('rm', ['--recursive', '--force', '--one-file-system', '--', this.path], { timeout: 900_000 })
  }
}
