import { describe, expect, it } from 'vitest'
import type { ImageTree } from '../../../boot-assets/agent/deployment/tree.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { installBootloader } from '../../../boot-assets/agent/stages/bootloader.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { Firmware } from '../../../server/contract/common.ts'
import { plan } from '../examples.ts'

/** Installs for these firmwares from an image that has these files and programs; resolves with what was run in it. */
async function install(firmware: Firmware[], present: string[]): Promise<string[]> {
  const ran: string[] = []
  const has = (path: string) => present.includes(path)
  const tree = {
    path: '/nowhere',
    has,
    hasProgram: (name: string) => has(name),
    run: async (command: string, args: string[]) => {
      ran.push([command, ...args].join(' '))
      return { stdout: '--filesystem', stderr: '', exitCode: 0 }
    },
  } as unknown as ImageTree
  const done = { stdout: '', stderr: '', exitCode: 0 }
  const disk = plan()
  await installBootloader({
    host: { run: async () => done } as unknown as Host,
    target: {
      plan: disk,
      device: '/dev/vda',
      mountPoint: '/nowhere',
      partitions: disk.partitions.map((partition) => ({ partition, device: '', uuid: 'u' })),
    },
    tree,
    architecture: 'amd64',
    secureBoot: false,
    firmware,
    bootEntry: false,
    consoles: [],
    say: () => {},
    warn: () => {},
  })
  return ran
}

const BOOTUPD = ['bootupctl', 'usr/lib/bootupd/updates']
const EFI = 'usr/lib/bootupd/updates/EFI.json'
const BIOS = 'usr/lib/bootupd/updates/BIOS.json'

describe('installBootloader', () => {
  it('leaves both firmwares to bootupd, which installs all it has', async () => {
    const ran = await install(['uefi', 'bios'], [...BOOTUPD, EFI, BIOS])
    expect(ran.at(-1)).toBe('bootupctl backend install --write-uuid --filesystem /sysroot /')
  })

  it.each<[string, Firmware[], string[], string]>([
    ['bootupd without BIOS', ['uefi', 'bios'], [...BOOTUPD, EFI], 'for BIOS machines'],
    ['bootupd without UEFI', ['uefi'], [...BOOTUPD, BIOS], 'for UEFI machines'],
    ['no boot loader at all', ['uefi', 'bios'], [], 'for UEFI and BIOS machines'],
    ['GRUB without its installer', ['bios'], ['usr/lib/grub/i386-pc'], 'for BIOS machines'],
  ])('refuses an image with %s before it changes anything', async (_, firmware, present, message) => {
    await expect(install(firmware, present)).rejects.toThrowWithCode(AgentError, 'BOOTLOADER_FAILED')
    await expect(install(firmware, present)).rejects.toThrow(message)
  })
})
