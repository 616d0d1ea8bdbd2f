// cosign and skopeo as Debian 13 and 14 have them, unpacked into the cache: they make the signatures that are out there.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianRoot } from '../../boot-assets/debian/root.ts'
import type { Suite } from '../../boot-assets/debian/root.ts'

const exec = promisify(execFile)

/** Runs the program to its end; rejects with what it said. */
export type Tool = (...args: string[]) => Promise<string>

/** cosign 2 (Debian 13) or 3 (Debian 14), which asks nobody and tells no log. */
export function cosign(suite: Suite): Promise<Tool> {
  return unpacked(suite, 'cosign')
}

/** A skopeo that signs; that of Debian 12 was built without. */
export function skopeo(): Promise<Tool> {
  return unpacked('trixie', 'skopeo')
}

/** By the program's own loader and libraries, which may be newer than the host's. */
async function unpacked(suite: Suite, name: string): Promise<Tool> {
  const root = await debianRoot({ suite, packages: [name] })
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
  const loader = join(libraries, 'ld-linux-x86-64.so.2')
  return async (...args) => {
    const command = ['--library-path', libraries, join(root, 'usr/bin', name), ...args]
    const { stdout } = await exec(loader, command, { env: { ...process.env, COSIGN_PASSWORD: '' }, timeout: 60_000 })
    return stdout
  }
}
