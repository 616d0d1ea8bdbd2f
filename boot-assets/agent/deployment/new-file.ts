// What a deployment is given besides the image: files and symbolic links below its /etc.
import { chmod, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** `path` begins below the deployment: `etc/hostname`. */
export type NewFile = { path: string; text: string; mode: number } | { path: string; link: string }

/** Writes it below `root`, in place of what is there. */
export async function writeNew(root: string, file: NewFile): Promise<void> {
  const path = join(root, file.path)
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  if ('link' in file) {
    await rm(path, { force: true })
    return symlink(file.link, path)
  }
  // Where a link leads, seen from here, is a file of the installer.
  if ((await lstat(path).catch(() => undefined))?.isSymbolicLink() === true) await rm(path)
  await writeFile(path, file.text, { mode: file.mode })
  // The mode above counts for new files only, and less the umask.
  await chmod(path, file.mode)
}

/** The same file with other text: its mode stays, `mode` is that of one that is not there yet. */
export async function changed(
  root: string,
  path: string,
  change: (text: string) => string,
  mode = 0o644,
): Promise<NewFile> {
  const file = join(root, path)
  const [text, found] = await Promise.all([
    readFile(file, 'utf8').catch(() => ''),
    stat(file).then(
      (stats) => stats.mode & 0o777,
      () => mode,
    ),
  ])
  return { path, text: change(text), mode: found }
}

/** `KEY=value` lines as locale.conf(5) and its like have them: the line of `key` replaced where it is, else added. */
export function withAssignment(text: string, key: string, value: string): string {
  const lines = text.split('\n').filter((line, at, all) => line !== '' || at < all.length - 1)
  const own = (line: string) => line.trimStart().startsWith(`${key}=`)
  const at = lines.findIndex(own)
  const others = lines.filter((line) => !own(line))
  others.splice(at < 0 ? others.length : at, 0, `${key}=${value}`)
  return others.map((line) => `${line}\n`).join('')
}
