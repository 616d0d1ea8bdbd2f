import { describe, expect, it } from 'vitest'
import type { ImageTree } from '../../../boot-assets/agent/deployment/tree.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { installBootloader } from '../../../boot-assets/agent/stages/bootloader.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { Firmware } from '../../../server/contract/common.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { plan, secondDisk } from '../examples.ts'

/** Installs for these firmwares from an image that has these files and programs; resolves with what was run in it. */
async function install(
  firmware: Firmware[],
  present: string[],
  made = plan(),
  help = '--filesystem',
): Promise<string[]> {
  const ran: string[] = []
  const done = { stdout: '', stderr: '', exitCode: 0 }
  const has = (path: string) => present.includes(path)
  const tree = {
    path: '/nowhere',
    has,
    hasProgram: (name: string) => has(name),
    run: async (command: string, args: string[]) => {
      ran.push([command, ...args].join(' '))
      return { ...done, stdout: help }
    },
  } as unknown as ImageTree
  const devices = new Map(made.disks.map(({ id, disk }) => [id, `/dev/${disk.name}`]))
  await installBootloader({
    host: {
      run: async (command: string, args: string[]) => (ran.push([command, ...args].join(' ')), done),
    } as unknown as Host,
    target: { plan: made, devices, mountPoint: '/nowhere', volumes: '/volumes' },
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

  it('makes each disk of a mirror bootable', async () => {
    const { disks } = MachineSpec.parse({
      disks: { scheme: 'raid1', disk: { serial: 'S1' }, mirror: { serial: 'S2' } },
    })
    const mirror = plan({}, disks, [secondDisk])
    const ran = await install(['bios'], [...BOOTUPD, EFI, BIOS], mirror, '--device')
    expect(ran.slice(2)).toEqual([
      'bootupctl backend install --write-uuid --device /dev/vda /',
      'grub2-install --target=i386-pc --boot-directory=/boot --modules=mdraid1x part_gpt /dev/vdb',
      'cp --recursive /nowhere/boot/efi/. /volumes/.esp2',
    ])
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
