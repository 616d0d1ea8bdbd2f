import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findQemu, QemuError } from '../../../boot-assets/qemu/find.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-qemu-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function program(name: string, says = ''): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\necho '${says}'\n`)
  await chmod(join(folder, name), 0o755)
}

const find = () => findQemu({ log: () => {}, path: `/nowhere:${folder}`, canUnpack: false })

describe('findQemu', () => {
  it('takes the host’s own programs', async () => {
    await program('qemu-system-x86_64', 'QEMU emulator version 10.0.2 (Debian 1:10.0.2)')
    await program('qemu-img')
    const qemu = await find()
    expect(qemu.command('qemu-system-x86_64')).toEqual([join(folder, 'qemu-system-x86_64')])
    expect(qemu.command('qemu-img')).toEqual([join(folder, 'qemu-img')])
  })

  it('names what is missing, and the packages that bring it', async () => {
    await program('qemu-img')
    await expect(find()).rejects.toThrowWithCode(QemuError, 'QEMU_MISSING')
    await expect(find()).rejects.toThrow('this host has no qemu-system-x86_64')
    await expect(find()).rejects.toMatchObject({ hint: expect.stringContaining('apt-get install qemu-system-x86') })
  })

  it('refuses a version that crashes kernels', async () => {
    await program('qemu-system-x86_64', 'QEMU emulator version 7.2.11')
    await program('qemu-img')
    await expect(find()).rejects.toThrow('QEMU 7, at least version 8')
  })

  it('refuses what is not for running', async () => {
    await writeFile(join(folder, 'qemu-system-x86_64'), '')
    await expect(find()).rejects.toThrow('no qemu-system-x86_64 and no qemu-img')
  })
})
