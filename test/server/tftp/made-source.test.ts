import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { firstOf, locatedSource, textSource } from '../../../server/tftp/made-source.ts'

const REQUEST = { remoteAddress: '10.77.0.100', localAddress: '10.77.0.1' }
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'made-source-'))
  writeFileSync(join(folder, 'shim'), 'signed')
})
afterAll(() => rmSync(folder, { recursive: true }))

it('asks one source after the other, texts for who asks and files by their whole name', async () => {
  const source = firstOf(
    textSource((name, { remoteAddress }) => (name === 'grub.cfg' ? `for ${remoteAddress}` : undefined)),
    locatedSource((name) => (name === 'media/f44/shim' ? join(folder, 'shim') : undefined)),
  )
  expect(Buffer.from((await source('grub.cfg', REQUEST)) as Uint8Array).toString()).toBe('for 10.77.0.100')
  expect(Buffer.from((await source('media/f44/shim', REQUEST)) as Uint8Array).toString()).toBe('signed')
  expect(await source('shim', REQUEST)).toBeUndefined()
})
