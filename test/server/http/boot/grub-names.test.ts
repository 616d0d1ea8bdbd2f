import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { parseGrubPath } from '../../../../server/http/boot/grub-names.ts'

const mac = '52:54:00:12:34:56'
const uuid = '4c4c4544-0043-3510-8052-b4c04f4a4b31'
const uefi = { firmware: 'uefi' }

describe('a path that GRUB asks for', () => {
  it.each([
    '/grub/grub.cfg',
    '/grub/x86_64-efi/grub.cfg',
    '/grub/arm64-efi/grub.cfg',
    'grub.cfg',
    '/boot/loaders/grub.cfg',
    '/boot/loaders/grub/x86_64-efi/grub.cfg',
    '/debian-installer/amd64/grub/grub.cfg',
    'debian-installer/amd64/grub/x86_64-efi/grub.cfg',
    'media/fedora-44/EFI/BOOT/grub.cfg',
    'EFI/fedora/grub.cfg',
  ])('%s says nothing of who asks', (path) => expect(parseGrubPath(path)).toEqual({ kind: 'anyone' }))

  it.each([
    'grub.cfg-01-52-54-00-12-34-56',
    '/grub/grub.cfg-01-52-54-00-12-34-56',
    'media/fedora-44/grub.cfg-01-52-54-00-12-34-56',
    // Without the type of the network, as GRUB's manual has it.
    '/boot/loaders/GRUB.CFG-52-54-00-12-34-56',
  ])('%s names the machine by its MAC', (path) =>
    expect(parseGrubPath(path)).toEqual({ kind: 'machine', client: { mac, ...uefi } }),
  )

  it('names it by its UUID as DHCP sent it, not as people write it', () => {
    expect(parseGrubPath('grub.cfg-44454c4c-4300-1035-8052-b4c04f4a4b31')).toEqual({ kind: 'uuid', uuid })
  })

  it.each([
    [`grub/machine/x86_64/${mac}/${uuid}/R1-0001/grub.cfg`, { mac, uuid, serial: 'R1-0001', architecture: 'amd64' }],
    [`/grub/machine/arm64/${mac.toUpperCase()}/grub.cfg`, { mac, architecture: 'arm64' }],
    [`/grub/machine/x86_64//${uuid}/R1/grub.cfg`, { uuid, serial: 'R1', architecture: 'amd64' }],
    ['/grub/machine/riscv64//grub.cfg', { architecture: 'other' }],
    ['/grub/machine/grub.cfg', {}],
  ])('%s is what our own configuration makes of a machine', (path, client) =>
    expect(parseGrubPath(path)).toEqual({ kind: 'machine', client: { ...client, ...uefi } }),
  )

  it('may tell that the machine could not start', () => {
    const client = { mac, architecture: 'amd64', ...uefi }
    expect(parseGrubPath(`/grub/failed/x86_64/${mac}/grub.cfg`)).toEqual({ kind: 'failed', client })
  })

  it.each([
    // By IP address: tried after all others, so never needed.
    'grub.cfg-C0A80001',
    'grub.cfg-C',
    // Debian's GRUB takes another file when this one is there.
    '/grub/grub.cfg-amd64',
    '/grub/x86_64-efi/command.lst',
    '/grub/fonts/unicode.pf2',
    '/boot/loaders/grubx64.efi',
    'xgrub.cfg',
    '',
  ])('is not %j', (path) => expect(parseGrubPath(path)).toBeUndefined())

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseGrubPath(`/grub/machine/${text}/grub.cfg`)))
    fc.assert(fc.property(fc.string(), (text) => void parseGrubPath(text)))
  })
})
