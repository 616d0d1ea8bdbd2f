// The site's own script, run once in the system that was just installed.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refusedBy } from './refused-by.ts'
import type { SystemFolders } from './system-path.ts'
import type { ImageTree } from './tree.ts'

const TIMEOUT_MS = 30 * 60_000
/** Below the target's root, where a cut of the power may leave it: nothing starts it from there. */
const NAME = '.landfall-script'

/**
 * The root is the image's, read-only; /etc and /var are the machine's. What it prints goes into the log of the install. Throws AgentError
 * CONFIGURE_FAILED with its last words when it ends with another status than 0.
 */
export async function runScript(
  tree: Pick<ImageTree, 'inSandbox' | 'run'>,
  target: string,
  folders: SystemFolders,
  script: string,
  say: (text: string) => void,
): Promise<void> {
  const file = join(target, NAME)
  try {
    await writeFile(file, script.replaceAll('\r\n', '\n'), { mode: 0o700 })
    const options = { timeout: TIMEOUT_MS, onLine: (line: string) => say(`script: ${line}`), state: folders.var }
    // By a shell, which runs a file without a first line of its own as its script.
    await tree.run('sh', ['-c', 'exec "$0"', tree.inSandbox(file)], options)
  } catch (error) {
    throw refusedBy(error, 'hooks.script')
  } finally {
    await rm(file, { force: true })
  }
}
