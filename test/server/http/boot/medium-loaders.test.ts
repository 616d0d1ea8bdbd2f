import { expect, it } from 'vitest'
import { mediumLoader } from '../../../../server/http/boot/medium-loaders.ts'

const FILES = new Set(['f44/EFI/BOOT/BOOTX64.EFI', 'f44/EFI/BOOT/grubx64.efi', 'f44/EFI/BOOT/grub.cfg', 'f44/a.efi'])
const file = (path: string) => (FILES.has(path) ? `/tree/${path}` : undefined)

it.each([
  ['f44/BOOTX64.EFI', '/tree/f44/EFI/BOOT/BOOTX64.EFI'],
  ['f44/bootx64.efi', '/tree/f44/EFI/BOOT/BOOTX64.EFI'],
  ['f44/GRUBX64.EFI', '/tree/f44/EFI/BOOT/grubx64.efi'],
  ['f44/mmx64.efi', undefined],
  // That one is the machine's.
  ['f44/grub.cfg', undefined],
  ['f44/a.efi', undefined],
  ['f44/x/BOOTX64.EFI', undefined],
  ['f45/BOOTX64.EFI', undefined],
  ['/BOOTX64.EFI', undefined],
  ['f44/', undefined],
])('%s is %s', (path, found) => expect(mediumLoader(file, path)).toBe(found))
