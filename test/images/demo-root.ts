// The root folder of the demo image: which Debian packages, and the script that makes them a bootable container's root.
import { readFile } from 'node:fs/promises'
import { ensureHostPackages } from '../../boot-assets/debian/host-packages.ts'
import { debianRoot } from '../../boot-assets/debian/root.ts'

const PACKAGES = [
  // system
  'attr',
  'systemd',
  'systemd-sysv',
  'systemd-resolved',
  'udev',
  'dbus',
  'kmod',
  'login',
  'passwd',
  'mount',
  'sudo',
  'util-linux',
  'fdisk',
  'zstd',
  // kernel and initramfs: the cloud kernel is 80 MB smaller, but has no e1000e and few drivers of real machines
  'linux-image-amd64',
  'dracut',
  // deployments
  'ostree',
  'ostree-boot',
  // boot loader
  'efibootmgr',
  'grub-common',
  'grub2-common',
  'grub-efi-amd64-bin',
  'grub-efi-amd64-signed',
  'grub-pc-bin',
  'shim-signed',
  // file systems, and what lies below them
  'btrfs-progs',
  'cryptsetup-bin',
  'dosfstools',
  'e2fsprogs',
  'lvm2',
  'mdadm',
  'systemd-cryptsetup',
  'thin-provisioning-tools',
  'tpm2-tools',
  'xfsprogs',
  // network
  'ca-certificates',
  'curl',
  'iproute2',
  'iputils-ping',
  'openssh-server',
]

/** Path of the (cached) root folder all layers of the demo image are cut from; read only. */
export async function demoRoot(log: (line: string) => void): Promise<string> {
  await ensureHostPackages(['xz-utils', 'zstd'], log)
  const hook = await readFile(new URL('demo-root/make-bootable.sh', import.meta.url), 'utf8')
  return await debianRoot({ suite: 'forky', packages: PACKAGES, variant: 'essential', hooks: [hook], log })
}
