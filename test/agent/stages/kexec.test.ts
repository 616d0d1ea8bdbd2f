import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kernelCommandLine, parseBlsEntry } from '../../../boot-assets/agent/boot/bls-entry.ts'
import { loadInstalledKernel } from '../../../boot-assets/agent/stages/kexec.ts'
import { CommandError } from '../../../boot-assets/agent/sys/command.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'

const entry = (version: number) => `title Demo (ostree:0)
version ${version}
options root=UUID=1 rw $tuned_params ostree=/ostree/boot.1/default/ab/0
linux /boot/ostree/default-ab/vmlinuz-${version}
initrd /boot/ostree/default-ab/initramfs-${version}.img
`

let mountPoint: string
beforeEach(async () => {
  mountPoint = await mkdtemp(join(tmpdir(), 'kexec-'))
  await mkdir(join(mountPoint, 'boot/loader/entries'), { recursive: true })
})
afterEach(() => rm(mountPoint, { recursive: true }))

function scene({ lockdown = '[none] integrity confidentiality', says }: { lockdown?: string; says?: string } = {}) {
  const ran: string[][] = []
  const said: string[] = []
  const host = {
    run: async (command: string, args: readonly string[] = []) => {
      ran.push([command, ...args])
      if (command === 'kexec' && says !== undefined) {
        throw new CommandError('exit', [command], 'exit code 255', says, { exitCode: 255 })
      }
      return { stdout: '', stderr: '', exitCode: 0 }
    },
    read: async (path: string) => (path.endsWith('lockdown') ? lockdown : undefined),
    list: async (path: string) => (path.endsWith('efivars') ? ['BootOrder'] : []),
    resolve: async (path: string) => path,
  } as unknown as Host
  const note = (text: string) => void said.push(text)
  return { run: () => loadInstalledKernel({ host, mountPoint, say: note, warn: note }), ran, said }
}

describe('loading the installed kernel', () => {
  it('takes the entry that a boot loader would, and forgets the choice for the next start', async () => {
    for (const version of [9, 10]) {
      await writeFile(join(mountPoint, `boot/loader/entries/ostree-${version}.conf`), entry(version))
    }
    const { run, ran } = scene()
    expect(await run()).toBe(true)
    expect(ran).toEqual([
      [
        'kexec',
        '--load',
        '--kexec-file-syscall',
        `${mountPoint}/boot/ostree/default-ab/vmlinuz-10`,
        `--initrd=${mountPoint}/boot/ostree/default-ab/initramfs-10.img`,
        '--command-line=root=UUID=1 rw ostree=/ostree/boot.1/default/ab/0',
      ],
      ['efibootmgr', '--quiet', '--delete-bootnext'],
    ])
  })

  it.each([
    ['lockdown', { lockdown: 'none [integrity] confidentiality', says: 'kexec_file_load failed' }, /Secure Boot/],
    ['an old kernel', { says: 'syscall kexec_file_load not available.' }, /not available\.; the machine restarts/],
  ])('gives the reason when %s forbids it', async (_, forbidding, message) => {
    await writeFile(join(mountPoint, 'boot/loader/entries/ostree-1.conf'), entry(1))
    const { run, said, ran } = scene(forbidding)
    expect(await run()).toBe(false)
    expect(said).toEqual([expect.stringMatching(message)])
    expect(ran).toHaveLength(1)
  })

  it('does without an entry that names a kernel', async () => {
    await writeFile(join(mountPoint, 'boot/loader/entries/uki.conf'), 'title x\nefi /EFI/Linux/a.efi\n')
    const { run, said } = scene()
    expect(await run()).toBe(false)
    expect(said[0]).toMatch(/no boot entry with a kernel/)
  })
})

describe('a boot entry', () => {
  it('is read with all of its options', () => {
    expect(parseBlsEntry('linux /a\noptions one\n# options no\noptions two\n')).toMatchObject({
      linux: '/a',
      options: 'one two',
      initrd: undefined,
    })
  })

  it('tells Ignition of its first boot, as GRUB would', () => {
    expect(kernelCommandLine('$ignition_firstboot ignition.platform.id=metal $other')).toBe(
      'ignition.firstboot ignition.platform.id=metal',
    )
  })
})
