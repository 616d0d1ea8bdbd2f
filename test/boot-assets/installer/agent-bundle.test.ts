import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundleAgent } from '../../../boot-assets/installer/agent-bundle.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-agent-'))
})

afterEach(() => rm(folder, { recursive: true }))

describe('bundleAgent', () => {
  it('makes one file of main.ts and one of each worker', async () => {
    const entries = await bundleAgent(join(import.meta.dirname, '../fixtures/agent'), folder)
    expect(entries.map((entry) => entry.path).toSorted()).toEqual(['echo-worker.mjs', 'main.mjs'])
  })

  it('includes what the sources import, so that the result stands alone', async () => {
    await writeFile(join(folder, 'main.ts'), `import { greet } from './greet.ts'\ngreet('you' as string)\n`)
    await writeFile(join(folder, 'greet.ts'), 'export const greet = (name: string): void => console.log(name)\n')
    const [main] = await bundleAgent(folder, folder)
    expect(main?.data).toContain('console.log(name)')
    expect(main?.data).not.toMatch(/^import .*greet/m)
  })

  it('refuses a folder without an agent', async () => {
    await expect(bundleAgent(folder, folder)).rejects.toMatchObject({ code: 'AGENT_BUNDLE' })
    await expect(bundleAgent(join(folder, 'absent'), folder)).rejects.toMatchObject({ code: 'AGENT_BUNDLE' })
  })

  it('refuses two workers that would get the same file name', async () => {
    for (const path of ['main.ts', 'a/x-worker.ts', 'b/x-worker.ts']) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), 'export {}\n')
    }
    await expect(bundleAgent(folder, folder)).rejects.toMatchObject({ code: 'AGENT_BUNDLE' })
  })

  it('says what does not resolve', async () => {
    await writeFile(join(folder, 'main.ts'), `import './missing.ts'\n`)
    await expect(bundleAgent(folder, folder)).rejects.toMatchObject({
      code: 'AGENT_BUNDLE',
      message: expect.stringContaining('missing.ts'),
    })
  })
})
