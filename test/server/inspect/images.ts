// Images as the inspection sees them: made of layers that tell.
import type { LayerFacts } from '../../../server/contract/layer-facts.ts'
import type { KnownImage } from '../../../server/inspect/findings.ts'

/** A layer that holds these files; a list of packages is given by the path of its database. */
export function layerOf(files: Record<string, string>, change: Partial<LayerFacts> = {}): LayerFacts {
  return {
    diffId: null,
    unpackedBytes: 1000,
    entries: { files: Object.keys(files).length, directories: 0, links: 0, removals: 0 },
    kept: Object.entries(files).map(([path, text]) => ({ path, size: text.length, text })),
    removed: [],
    databases: [],
    problem: null,
    ...change,
  }
}

/** Lowest layer first. */
export function imageOf(
  layers: readonly LayerFacts[],
  {
    architecture = 'amd64',
    labels = { 'containers.bootc': '1' },
  }: { architecture?: string; labels?: Record<string, string> } = {},
): KnownImage {
  const digests = layers.map((_, at) => `sha256:${String(at).padStart(64, '0')}`)
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
  return {
    manifest: {
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digests[0]!, size: 2 },
      layers: digests.map((digest) => ({ mediaType, digest, size: 100 })),
    },
    config: { architecture, os: 'linux', config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: digests } },
    layers: new Map(layers.map((layer, at) => [digests[at]!, layer])),
  }
}

export const FEDORA = {
  'usr/lib/os-release': 'ID=fedora\nPRETTY_NAME="Fedora Linux 43"\nVERSION_ID=43\nOSTREE_VERSION=\'43.20260101.0\'\n',
  'usr/lib/modules/6.17.1-300.fc43.x86_64/vmlinuz': '',
  'usr/lib/modules/6.17.1-300.fc43.x86_64/initramfs.img': '',
  'usr/bin/bootc': '',
  'usr/bin/ostree': '',
  'usr/bin/bootupctl': '',
  'usr/lib/bootupd/updates/EFI.json': '{}',
  'usr/lib/bootupd/updates/BIOS.json': '{}',
  'usr/lib/efi/shim/15.8-3/EFI/fedora/shimx64.efi': '',
  'usr/lib/bootc/kargs.d/10-console.toml': 'kargs = ["console=ttyS0"]\n',
  'usr/lib/bootc/kargs.d/20-arm.toml': 'kargs = ["arm=1"]\nmatch-architectures = ["aarch64"]\n',
  'usr/lib/bootc/install/20-fs.toml': '[install.filesystem.root]\ntype = "xfs"\n',
  'etc/selinux/config': '# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n',
  'etc/selinux/targeted/policy/policy.33': '',
}

export const RPM_PACKAGES: LayerFacts['databases'] = [
  {
    path: 'usr/lib/sysimage/rpm/rpmdb.sqlite',
    format: 'rpm',
    packages: [
      { name: 'bootc', version: '1.16.1-1.fc43', architecture: 'x86_64' },
      { name: 'bootupd', version: '0.2.31-1.fc43', architecture: 'x86_64' },
      { name: 'ostree', version: '2026.1-1.fc43', architecture: 'x86_64' },
    ],
    problem: null,
  },
]
