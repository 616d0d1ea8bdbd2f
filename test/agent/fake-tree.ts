// An image's tree and its deployment as two folders; programs of the image answer what a test wants and are written down.
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { CommandError } from '../../boot-assets/agent/sys/command.ts'

export class FakeTree implements AsyncDisposable {
  readonly path: string
  /** The deployment. */
  readonly root: string
  /** Where the target is mounted. */
  readonly target: string
  readonly ran: string[] = []
  /** What a program prints, by the beginning of its command line; an Error says no. Others print nothing. */
  readonly answers = new Map<string, string | Error>()
  /** Programs the image has. */
  programs = new Set<string>()

  private constructor(folder: string) {
    this.target = join(folder, 'target')
    this.path = join(folder, 'tree')
    this.root = join(folder, 'target/ostree/deploy/default/deploy/one.0')
  }

  static async make(): Promise<FakeTree> {
    const fake = new FakeTree(await mkdtemp(join(tmpdir(), 'fake-tree-')))
    await mkdir(join(fake.root, 'etc'), { recursive: true })
    await mkdir(fake.path)
    await symlink('var/home', join(fake.path, 'home'))
    return fake
  }

  get tree(): ImageTree {
    const fake = {
      path: this.path,
      etc: join(this.root, 'etc'),
      has: (path: string) => existsSync(join(this.path, path)),
      hasProgram: (name: string) => this.programs.has(name),
      inSandbox: (path: string) => join('/sysroot', relative(this.target, path)),
      list: async (path: string) => (await readdir(join(this.path, path)).catch(() => [])).sort(),
      read: (path: string) => readFile(join(this.path, path), 'utf8').catch(() => undefined),
      run: async (command: string, args: readonly string[]) => {
        const line = [command, ...args].join(' ')
        this.ran.push(line)
        const answer = [...this.answers].find(([start]) => line.startsWith(start))?.[1] ?? ''
        if (answer instanceof Error) throw answer
        return { stdout: answer, stderr: '', exitCode: 0 }
      },
    }
    return fake as unknown as ImageTree
  }

  /** A file of the image. */
  async image(path: string, text = ''): Promise<void> {
    await put(join(this.path, path), text)
  }

  /** A file of the deployment. */
  async etc(path: string, text: string, mode = 0o644): Promise<void> {
    await put(join(this.root, 'etc', path), text)
    await chmod(join(this.root, 'etc', path), mode)
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, 'etc', path), 'utf8')
  }

  /** A file of the machine's /var. */
  readVar(path: string): Promise<string> {
    return readFile(join(this.root, '../../var', path), 'utf8')
  }

  link(path: string): Promise<string> {
    return readlink(join(this.root, 'etc', path))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(dirname(this.path), { recursive: true })
  }
}

/** A program that ended with 1 and said why. */
export function saysNo(stderr: string, exitCode = 1): CommandError {
  return new CommandError('exit', ['unshare', 'program'], `exit code ${exitCode}`, stderr, { exitCode })
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
