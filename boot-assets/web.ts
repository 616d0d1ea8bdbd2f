// Keeps the bundled web page up to date while somebody works on it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..')

/** Bundles into `web/dist` at every change of a source; what it says goes to this process's output. Returns what ends it. */
export function watchWebPage(): () => void {
  const vite = join(project, 'node_modules/vite/bin/vite.js')
  const child = spawn(process.execPath, [vite, 'build', join(project, 'web'), '--watch'], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  child.on('error', (error) => console.error(`the web page is not rebuilt: ${error.message}`))
  return () => void child.kill()
}
