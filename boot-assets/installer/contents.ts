// What the installer is made of: Debian packages, the programs taken from them, and their data.
import type { DebianRootRequest } from '../debian/root.ts'

/** Processors that an installer can be built for, on a host with the first. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const
export type InstallerArchitecture = (typeof ARCHITECTURES)[number]

/** What differs between them. */
export interface Platform {
  suite: DebianRootRequest['suite']
  /** Folder of shared libraries. */
  libraries: string
  /** Name of the dynamic loader in every program, below `usr`. */
  loader: string
  /** Kernel modules that others do not have. */
  modules: readonly string[]
  /** Data that others do not need, below `usr`. */
  data: readonly string[]
}

export const PLATFORMS: Readonly<Record<InstallerArchitecture, Platform>> = {
  amd64: {
    suite: 'trixie',
    libraries: 'usr/lib/x86_64-linux-gnu',
    loader: 'lib64/ld-linux-x86-64.so.2',
    modules: ['kernel/arch/x86/crypto/'],
    data: [],
  },
  arm64: {
    // Node for ARM cannot come by npm to a host that is none, and only Debian 14 has one that is new enough.
    suite: 'forky',
    libraries: 'usr/lib/aarch64-linux-gnu',
    loader: 'lib/ld-linux-aarch64.so.1',
    modules: ['kernel/arch/arm64/crypto/'],
    // Debian's Node reads these at its start.
    data: ['share/nodejs/acorn', 'share/nodejs/acorn-walk', 'share/nodejs/undici'],
  },
}

/** Packages with programs that run in the installer. */
const PROGRAM_PACKAGES = [
  'attr',
  'btrfs-progs',
  'busybox-static',
  'coreutils',
  'cryptsetup-bin',
  'dash',
  'dmsetup',
  'dosfstools',
  'e2fsprogs',
  'efibootmgr',
  'fdisk',
  'hdparm',
  'iproute2',
  'kexec-tools',
  'kmod',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'lvm2',
  'mdadm',
  'mount',
  'nvme-cli',
  'udev',
  'util-linux',
  'xfsprogs',
]

/** Packages with tools that only make the image. */
const BUILD_PACKAGES = ['base-files', 'binutils', 'squashfs-tools', 'xz-utils']

/** Firmware of network cards and storage controllers; what no carried driver asks for stays out of the image. */
const FIRMWARE_PACKAGES = [
  'firmware-bnx2',
  'firmware-bnx2x',
  'firmware-cavium',
  'firmware-intel-misc',
  'firmware-linux-free',
  'firmware-misc-nonfree',
  'firmware-myricom',
  'firmware-netronome',
  'firmware-qlogic',
  'firmware-realtek',
]

/**
 * The Debian root everything is taken from; that for amd64 has the build tools for all. `LANDFALL_FIRMWARE=none` leaves the area
 * non-free-firmware alone.
 */
export function rootRequest(architecture: InstallerArchitecture = 'amd64'): DebianRootRequest {
  const firmware = process.env['LANDFALL_FIRMWARE'] !== 'none'
  const packages = [`linux-image-${architecture}`, ...PROGRAM_PACKAGES, ...(firmware ? FIRMWARE_PACKAGES : [])]
  const common = { components: firmware ? ['main', 'non-free-firmware'] : ['main'], variant: 'extract' } as const
  const { suite } = PLATFORMS[architecture]
  return architecture === 'amd64'
    ? { ...common, suite, packages: [...packages, ...BUILD_PACKAGES] }
    : { ...common, suite, packages: [...packages, 'base-files', 'nodejs'], architecture }
}

/** Programs, found in the root's `usr/bin` or `usr/sbin`. BusyBox fills in every other common name. */
export const PROGRAMS: readonly string[] = [
  'busybox',
  // The shell: BusyBox's own would run its applets instead of the programs below.
  'dash',
  // coreutils: the ones where BusyBox lacks options that matter
  'chroot cp dd df du ln mkdir mv numfmt readlink realpath rm sha256sum sort stat stdbuf sync tail timeout touch truncate',
  // block devices and file systems
  'blkdiscard blkid blockdev findmnt flock fsfreeze fstrim losetup lsblk mkswap mount mountpoint partx sfdisk swapoff umount wipefs',
  'btrfs chattr e2fsck lsattr mke2fs mkfs.btrfs mkfs.fat mkfs.xfs resize2fs tune2fs xfs_admin xfs_growfs xfs_io xfs_repair',
  // what lies between partitions and file systems
  'cryptsetup dmsetup lvm mdadm',
  // what disks erase themselves by
  'hdparm nvme',
  'efibootmgr getfattr setfattr',
  // straight into the installed system
  'kexec',
  // namespaces
  'nsenter setpriv unshare',
  // kernel modules, devices, network
  'kmod udevadm ip bridge',
].flatMap((line) => line.split(' '))

/** Further names of programs: link -> target, below `usr`. */
export const LINKS: Readonly<Record<string, string>> = {
  'bin/sh': 'dash',
  'sbin/depmod': '../bin/kmod',
  'sbin/insmod': '../bin/kmod',
  'sbin/lsmod': '../bin/kmod',
  'sbin/modinfo': '../bin/kmod',
  'sbin/modprobe': '../bin/kmod',
  'sbin/rmmod': '../bin/kmod',
  'sbin/mkfs.ext2': 'mke2fs',
  'sbin/mkfs.ext3': 'mke2fs',
  'sbin/mkfs.ext4': 'mke2fs',
  'sbin/mkfs.vfat': 'mkfs.fat',
  'lib/systemd/systemd-udevd': '../../bin/udevadm',
}

/** What udev does here: nodes and permissions, modules by modalias, /dev/disk/by-*, names of network cards. No desktop. */
const UDEV_RULES = [
  '50-firmware',
  '50-udev-default',
  '60-block',
  '60-cdrom_id',
  '60-persistent-storage',
  '64-btrfs',
  '73-special-net-names',
  '75-net-description',
  '80-drivers',
  '80-net-setup-link',
]

/** Files and folders copied as they are, below `usr`. */
export const DATA: readonly string[] = [
  'lib/modprobe.d',
  'lib/systemd/network/73-usb-net-by-mac.link',
  'lib/systemd/network/99-default.link',
  'lib/udev/ata_id',
  'lib/udev/cdrom_id',
  'lib/udev/scsi_id',
  ...UDEV_RULES.map((name) => `lib/udev/rules.d/${name}.rules`),
]

/** Libraries that programs open at run time (dlopen), which no ELF header names: udev reads modules, kmod unpacks them. */
export const OPENED_LIBRARIES: readonly string[] = [
  'libacl.so.1',
  'libblkid.so.1',
  'libkmod.so.2',
  'liblzma.so.5',
  'libmount.so.1',
  'libzstd.so.1',
]

/** Modules that the early stage loads, before `/usr` with all others is mounted. */
export const EARLY_MODULES: readonly string[] = ['kernel/drivers/block/loop.ko', 'kernel/fs/squashfs/squashfs.ko']
