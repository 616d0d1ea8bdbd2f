// Bundles the agent into the few files that the installer runs.
import { readdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { rolldown } from 'rolldown'
import { BootAssetError } from '../error.ts'
import type { CpioEntry } from './cpio.ts'

/**
 * The agent in `folder` as ES modules without dependencies: `main.ts` becomes `main.mjs`, each `*-worker.ts` anywhere
 * below becomes `<its name>.mjs` beside it. Paths are relative to the folder that will hold them.
 */
export async function bundleAgent(folder: string, project: string): Promise<CpioEntry[]> {
  const files = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new BootAssetError('AGENT_BUNDLE', `reading the agent's sources in ${folder}`, { cause })
  })
  const entries = files.filter((file) => file === 'main.ts' || file.endsWith('-worker.ts')).toSorted()
  if (!entries.includes('main.ts'))
    throw new BootAssetError('AGENT_BUNDLE', `no main.ts in ${folder}: there is no agent to bundle`)
  const input = Object.fromEntries(entries.map((file) => [basename(file, '.ts'), join(folder, file)]))
  if (Object.keys(input).length < entries.length) {
    throw new BootAssetError('AGENT_BUNDLE', `two workers in ${folder} have the same file name: ${entries.join(', ')}`)
  }
  try {
    const bundle = await rolldown({ input, cwd: project, platform: 'node', logLevel: 'warn' })
    const { output } = await bundle.generate({
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
    })
    await bundle.close()
    return output.map((file) => ({
      path: file.fileName,
      type: 'file',
      data: file.type === 'chunk' ? file.code : file.source,
    }))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BootAssetError('AGENT_BUNDLE', `bundling ${relative(project, folder) || folder}: ${reason}`, { cause })
  }
}
