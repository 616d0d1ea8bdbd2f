import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalizeName } from '../../../server/tftp/names.ts'

describe('normalizeName', () => {
  it.each([
    ['snponly.efi', 'snponly.efi'],
    ['/snponly.efi', 'snponly.efi'],
    ['//grub//x86_64-efi/grub.cfg', 'grub/x86_64-efi/grub.cfg'],
    ['73: EFI\\BOOT\\X.EFI', '73: EFI/BOOT/X.EFI'],
    ['\\EFI\\BOOT\\X.EFI', 'EFI/BOOT/X.EFI'],
    ['tftp://10.77.0.1/a/b', 'a/b'],
    ['TFTP://10.77.0.1/a', 'a'],
    ['a/./b/../c', 'a/c'],
    ['..hidden', '..hidden'],
    ['a/...', 'a/...'],
    ['C:\\x', 'C:/x'],
  ])('%s', (name, path) => {
    expect(normalizeName(name)).toBe(path)
  })

  it.each(['', '/', '..', '..\\..\\x', '/../x', 'a/../../x', '.', 'tftp://host', 'a\nb', 'a\0b'])(
    'statement 72: refuses %j',
    (name) => expect(normalizeName(name)).toBeUndefined(),
  )

  it('statement 72: never points out of the root', () => {
    const piece = fc.constantFrom('..', '.', '/', '\\', 'a', '//', '...', 'tftp://', '%2e')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const path = normalizeName(pieces.join(''))
        return (
          path === undefined ||
          (!path.startsWith('/') && !path.split('/').some((part) => ['', '.', '..'].includes(part)))
        )
      }),
      { numRuns: 3000, seed: 72 },
    )
  })
})
