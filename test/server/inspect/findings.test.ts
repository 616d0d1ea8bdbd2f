import { describe, expect, it } from 'vitest'
import { findingsOf, packagesOf } from '../../../server/inspect/findings.ts'
import { FEDORA, imageOf, layerOf, RPM_PACKAGES } from './images.ts'

describe('what an image is', () => {
  it('is told by its files and packages', () => {
    expect(findingsOf(imageOf([layerOf(FEDORA, { databases: RPM_PACKAGES })]))).toEqual({
      kind: 'plain',
      bootable: true,
      engine: 'ostree',
      os: { id: 'fedora', name: 'Fedora Linux 43', version: '43.20260101.0' },
      kernels: [{ version: '6.17.1-300.fc43.x86_64', initramfs: true }],
      bootc: { present: true, version: '1.16.1-1.fc43' },
      ostree: { present: true, version: '2026.1-1.fc43' },
      bootupd: { present: true, version: '0.2.31-1.fc43' },
      bootloader: { kind: 'bootupd', uefi: true, bios: true, secureBoot: true },
      selinux: { policy: 'targeted', mode: 'enforcing' },
      rootFilesystem: 'xfs',
      kernelArguments: ['console=ttyS0'],
      packages: { format: 'rpm', count: 3, problem: null },
      size: 100,
      unpackedBytes: 1000,
      entries: { files: 14, directories: 0, links: 0, removals: 0 },
    })
  })

  it('says nothing of what no layer tells', () => {
    expect(findingsOf(imageOf([layerOf({})], { labels: {} }))).toMatchObject({
      bootable: false,
      os: null,
      kernels: [],
      bootc: { present: false, version: null },
      bootloader: { kind: 'none', uefi: false, bios: false, secureBoot: false },
      selinux: null,
      packages: null,
      kernelArguments: [],
    })
  })

  it('follows upper layers: what they replace, take away, and hide', () => {
    const base = layerOf(FEDORA, { databases: RPM_PACKAGES })
    const newer = layerOf(
      {
        'usr/lib/os-release': 'ID=site\nNAME=Site\n',
        'usr/lib/modules/6.18.0/vmlinuz': '',
        'usr/lib/modules/6.18.0/initramfs.img': '',
      },
      { removed: ['usr/lib/modules/6.17.1-300.fc43.x86_64', 'usr/lib/bootc/kargs.d/', 'usr/lib/sysimage/rpm'] },
    )
    expect(findingsOf(imageOf([base, newer]))).toMatchObject({
      os: { id: 'site', name: 'Site', version: null },
      kernels: [{ version: '6.18.0', initramfs: true }],
      kernelArguments: [],
      packages: null,
      unpackedBytes: 2000,
    })
  })

  it.each([
    ['chunked', ['commit', 'last'], 'last'],
    ['derived', ['commit', 'last', 'own'], 'last'],
  ])('knows the layers of an embedded commit: %s', (kind, names) => {
    const image = imageOf(names.map(() => layerOf({})))
    const label = { 'ostree.final-diffid': image.config.rootfs.diff_ids[1]! }
    const config = { ...image.config, config: { Labels: label } }
    expect(findingsOf({ ...image, config }).kind).toBe(kind)
  })

  it('leaves sealed images to their own bootc', () => {
    const files = { 'boot/EFI/Linux/6.17.efi': '' }
    const labels = { 'containers.bootc': 'sealed' }
    expect(findingsOf(imageOf([layerOf(files)], { labels }))).toMatchObject({
      engine: 'bootc',
      bootloader: { kind: 'uki', uefi: true, bios: false },
    })
  })

  it.each([
    ['for UEFI', { 'usr/lib/grub/x86_64-efi/normal.mod': '' }, { uefi: true, bios: false, secureBoot: false }],
    [
      'for BIOS',
      { 'usr/lib/grub/i386-pc/normal.mod': '', 'usr/sbin/grub-install': '' },
      { uefi: false, bios: true, secureBoot: false },
    ],
    [
      'signed, which reads boot entries',
      {
        'usr/lib/grub/x86_64-efi/normal.mod': '',
        'usr/lib/shim/shimx64.efi.signed': '',
        'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': 'reads entries',
      },
      { uefi: true, bios: false, secureBoot: true },
    ],
    [
      'signed, which does not',
      {
        'usr/lib/grub/x86_64-efi/normal.mod': '',
        'usr/lib/shim/shimx64.efi.signed': '',
        'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': '',
      },
      { uefi: true, bios: false, secureBoot: false },
    ],
  ])("knows the image's GRUB %s", (_, files, expected) => {
    expect(findingsOf(imageOf([layerOf(files)])).bootloader).toEqual({ kind: 'grub', ...expected })
  })

  it('says that kernel arguments are not known when a file of them is malformed', () => {
    const image = imageOf([layerOf({ 'usr/lib/bootc/kargs.d/1.toml': 'kargs = "no list"' })])
    expect(findingsOf(image).kernelArguments).toBeNull()
  })

  it('has no list of packages where the database cannot be read', () => {
    const databases = [{ ...RPM_PACKAGES[0]!, packages: [], problem: 'damaged' }]
    const image = imageOf([layerOf({}, { databases })])
    expect(findingsOf(image).packages).toEqual({ format: 'rpm', count: 0, problem: 'damaged' })
    expect(packagesOf(image)).toBeUndefined()
  })
})
