// Text of the files that make a deployment look as bootc would have left it (ostree-container-deploy 1.8, 1.9).
import type { ImageConfig } from '../../../server/oci/manifest.ts'
import { configLabels } from '../../../server/oci/manifest.ts'

/** Value of `container-image-reference` for a registry target: held against the containers policy, or not checked. */
function originReference(targetReference: string, enforced: boolean): string {
  return enforced ? `ostree-image-signed:docker://${targetReference}` : `ostree-unverified-registry:${targetReference}`
}

/** `<deployment>.origin`: what `bootc upgrade` follows. */
export function originText(targetReference: string, enforced: boolean): string {
  return `[origin]\ncontainer-image-reference=${originReference(targetReference, enforced)}\n`
}

export interface AlephSource {
  targetReference: string
  digest: string
  config: ImageConfig
  /** `uname -r` of the installer. */
  kernel: string
  /** Whether the image has an SELinux policy; the installer's own kernel runs without. */
  imageHasPolicy: boolean
}

/** `.bootc-aleph.json` on the physical root: how this machine came to be. Canonical JSON, keys sorted. */
export function alephText({ targetReference, digest, config, kernel, imageHasPolicy }: AlephSource): string {
  const labels = configLabels(config)
  const sortedLabels = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({
    digest,
    image: targetReference,
    kernel,
    ...(Object.keys(labels).length === 0 ? {} : { labels: sortedLabels }),
    selinux: imageHasPolicy ? 'host-disabled' : 'disabled',
    'target-image': targetReference,
    timestamp: labels['org.opencontainers.image.created'] ?? null,
    version: labels['org.opencontainers.image.version'] ?? labels['version'] ?? null,
  })
}

/** `etc/tmpfiles.d/bootc-root-ssh.conf`; `home` is relative to the root: `var/roothome`. */
export function rootKeysText(home: string, keys: readonly string[]): string {
  return `f~ /${home}/.ssh/authorized_keys 600 root root - ${base64(keysFile(keys))}\n`
}

export function keysFile(keys: readonly string[]): string {
  return keys.map((key) => `${key}\n`).join('')
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
