// An image layout as a tar, and readers that do not want all of it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished, expect, it } from 'vitest'
import { layoutArchive } from '../../../server/cli/layout-archive.ts'

async function layout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-layout-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  await writeFile(join(folder, 'oci-layout'), '{}')
  await writeFile(join(folder, 'index.json'), '{}')
  for (const name of ['a', 'b']) await writeFile(join(folder, 'blobs/sha256', name), Buffer.alloc(2 ** 21))
  return folder
}

it('ends quietly for whoever stops reading, wherever that is', async () => {
  const folder = await layout()
  const uncaught: unknown[] = []
  const note = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', note)
  onTestFinished(() => void process.off('uncaughtException', note))
  for (const pieces of [0, 1, 5, 40]) {
    const { stream } = await layoutArchive(folder)
    stream.on('error', () => {})
    let left = pieces
    for await (const _ of stream) if (left-- === 0) break
    stream.destroy(new Error('the server refuses it'))
    await sleep(20)
  }
  expect(uncaught).toEqual([])
})
