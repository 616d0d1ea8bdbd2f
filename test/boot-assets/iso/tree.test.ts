import { describe, expect, it } from 'vitest'
import type { IsoImage } from '../../../boot-assets/iso/image.ts'
import { blobFiles, commonFiles, mediumTexts, uniqueBlobs } from '../../../boot-assets/iso/tree.ts'
import { Medium } from '../../../server/contract/medium.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`

/** An image of its own manifest and configuration, and a layer that all share. */
function image(digit: string): IsoImage {
  const blob = (name: string) => ({ digest: digest(name), size: 10, file: `/store/${name}`, checked: true })
  return {
    order: { repository: 'os/web', digest: digest(digit), targetReference: `r.example/os/web:${digit}` },
    manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest(digit), size: 10 },
    blobs: [blob(digit), blob('f')],
  }
}

describe('the tree', () => {
  const images = [image('a'), image('b'), image('a')]

  it('has each blob once, in an OCI layout', () => {
    expect(blobFiles(uniqueBlobs(images))).toEqual([
      { path: `/landfall/images/blobs/sha256/${'a'.repeat(64)}`, source: '/store/a' },
      { path: `/landfall/images/blobs/sha256/${'f'.repeat(64)}`, source: '/store/f' },
      { path: `/landfall/images/blobs/sha256/${'b'.repeat(64)}`, source: '/store/b' },
    ])
  })

  it('names each image once in the index, and reads back as the medium it was', () => {
    const medium = Medium.parse({ version: 1, entries: [{ name: 'web', spec: {}, image: images[0]!.order }] })
    const texts = mediumTexts({ medium, images })
    expect(Object.keys(texts)).toEqual([
      'landfall/medium.json',
      'landfall/images/index.json',
      'landfall/images/oci-layout',
    ])
    expect(Medium.parse(JSON.parse(texts['landfall/medium.json']!))).toEqual(medium)
    const { manifests } = JSON.parse(texts['landfall/images/index.json']!) as { manifests: object[] }
    expect(manifests).toMatchObject([
      { digest: digest('a'), annotations: { 'org.opencontainers.image.ref.name': 'r.example/os/web:a' } },
      { digest: digest('b') },
    ])
  })

  it('has the same boot menu and loaders wherever firmware looks', () => {
    const kit = { efi: [{ path: '/EFI/BOOT/BOOTX64.EFI', source: '/kit/shim' }], eltorito: '/kit/eltorito.img' }
    const installer = { vmlinuz: '/vmlinuz', initrd: '/initrd.img', version: '1' }
    expect(commonFiles({ installer }, kit, '/menu').map(({ path }) => path)).toEqual([
      '/boot/vmlinuz',
      '/boot/initrd.img',
      '/boot/grub/eltorito.img',
      '/EFI/BOOT/BOOTX64.EFI',
      '/EFI/BOOT/grub.cfg',
    ])
  })
})
