import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileSource } from '../../../server/tftp/file-source.ts'

const REQUEST = { remoteAddress: '10.77.0.100', localAddress: '10.77.0.1' }
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-source-'))
  writeFileSync(join(folder, 'loader'), 'loader of ten')
  writeFileSync(join(folder, 'secret'), 'secret')
})
afterAll(() => rmSync(folder, { recursive: true }))

function source() {
  return fileSource(() => ({ 'snponly.efi': join(folder, 'loader') }), {
    'autoexec.ipxe': (address) => `from ${address}`,
  })
}

describe('a source of files', () => {
  it.each(['snponly.efi', 'EFI/BOOT/snponly.efi'])('finds %s', async (name) => {
    const found = (await source()(name, REQUEST)) as Uint8Array
    expect(Buffer.from(found).toString()).toBe('loader of ten')
  })

  it('writes texts for the address that is asked', async () => {
    expect(Buffer.from((await source()('autoexec.ipxe', REQUEST)) as Uint8Array).toString()).toBe('from 10.77.0.1')
  })

  it.each(['secret', 'constructor', '__proto__', 'toString', '', 'snponly.efi/'])(
    'has nothing called "%s"',
    async (name) => {
      expect(await source()(name, REQUEST)).toBeUndefined()
    },
  )
})
