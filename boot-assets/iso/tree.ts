// The tree of files in an ISO.
import { MEDIUM_FILE, MEDIUM_IMAGES } from '../../server/contract/medium.ts'
import type { Medium } from '../../server/contract/medium.ts'
import type { Installer } from '../installer/build.ts'
import type { IsoBlob, IsoImage } from './image.ts'
import type { IsoKit } from './kit.ts'
import { ELTORITO } from './layout.ts'
import type { IsoFile } from './layout.ts'

export interface IsoContents {
  medium: Medium
  images: readonly IsoImage[]
  installer: Pick<Installer, 'vmlinuz' | 'initrd' | 'version'>
  /** Nothing is written in a machine before somebody has typed yes. */
  confirm: boolean
}

/** Texts of the medium by path, all but the boot menu, whose label depends on them. */
export function mediumTexts({ medium, images }: Pick<IsoContents, 'medium' | 'images'>): Record<string, string> {
  const layout = Object.entries(imageLayoutTexts(images)).map(([path, text]) => [`${MEDIUM_IMAGES}/${path}`, text])
  return { [MEDIUM_FILE]: `${JSON.stringify(medium, null, 2)}\n`, ...Object.fromEntries(layout) }
}

/** What an OCI image layout with these images has besides blobs. */
export function imageLayoutTexts(images: readonly IsoImage[]): Record<string, string> {
  const manifests = [
    ...new Map(images.map(({ manifest, order }) => [manifest.digest, { ...manifest, order }])).values(),
  ]
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: manifests.map(({ mediaType, digest, size, order }) => ({
      mediaType,
      digest,
      size,
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: { 'org.opencontainers.image.ref.name': order.targetReference },
    })),
  }
  return { 'index.json': `${JSON.stringify(index)}\n`, 'oci-layout': '{"imageLayoutVersion":"1.0.0"}\n' }
}

/** Images share layers; a file is there once. */
export function uniqueBlobs(images: readonly IsoImage[]): IsoBlob[] {
  return [...new Map(images.flatMap(({ blobs }) => blobs).map((blob) => [blob.digest, blob])).values()]
}

/** What every ISO has: kernel, initramfs, loaders, and the boot menu where people look for it. */
export function commonFiles(
  { installer }: Pick<IsoContents, 'installer'>,
  kit: Pick<IsoKit, 'efi' | 'eltorito'>,
  menu: string,
): IsoFile[] {
  return [
    { path: '/boot/vmlinuz', source: installer.vmlinuz },
    { path: '/boot/initrd.img', source: installer.initrd },
    { path: ELTORITO, source: kit.eltorito },
    // For firmware that reads ISO 9660 itself.
    ...kit.efi,
    { path: '/EFI/BOOT/grub.cfg', source: menu },
  ]
}

/** The blobs in the OCI layout of the medium. */
export function blobFiles(blobs: readonly IsoBlob[]): IsoFile[] {
  return blobs.map(({ digest, file }) => ({
    path: `/${MEDIUM_IMAGES}/blobs/${digest.replace(':', '/')}`,
    source: file,
  }))
}
