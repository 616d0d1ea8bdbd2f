import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { afterRestore, RESTORED_FILE } from '../../../server/backup/restored.ts'

it('ends what was under way once, at the first start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-restored-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, RESTORED_FILE), '{"createdAt":"2026-01-31T12:00:00.000Z"}')
  const told: string[] = []
  const start = () =>
    afterRestore(folder, {
      cancelUnfinished: () => 2,
      tell: (message, { cancelled }) => told.push(message, `${cancelled}`),
    })
  await start()
  await start()
  expect(told).toEqual([expect.stringContaining('2026-01-31'), '2'])
  expect(await readdir(folder)).toEqual([])
})
