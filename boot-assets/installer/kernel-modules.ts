// Which kernel modules the installer carries: picked by folder and name, completed by what they depend on.
import { BootAssetError } from '../error.ts'

/** Path below `lib/modules/<version>/`, such as `kernel/fs/xfs/xfs.ko`; never with a compression suffix. */
export type ModulePath = string

/** Folders (ending in `/`) and single modules that real servers, and virtual ones, need to be installed. */
export const WANTED_MODULES: readonly string[] = [
  // Network cards: every Ethernet driver, USB ones, those of hypervisors; PHYs; VLANs and bonds.
  'kernel/drivers/net/ethernet/',
  'kernel/drivers/net/phy/',
  'kernel/drivers/net/mdio/',
  'kernel/drivers/net/pcs/',
  'kernel/drivers/net/usb/',
  'kernel/drivers/net/hyperv/',
  'kernel/drivers/net/vmxnet3/',
  'kernel/drivers/net/bonding/',
  'kernel/drivers/net/virtio_net.ko',
  'kernel/drivers/net/xen-netfront.ko',
  'kernel/drivers/net/net_failover.ko',
  'kernel/net/8021q/',
  // Disks: NVMe (also behind Intel VMD), SATA, SAS and RAID controllers, Fibre Channel, eMMC, virtual ones, persistent memory.
  'kernel/drivers/nvme/host/',
  'kernel/drivers/pci/controller/',
  'kernel/drivers/ata/',
  'kernel/drivers/scsi/',
  'kernel/drivers/message/fusion/',
  'kernel/drivers/block/loop.ko',
  'kernel/drivers/block/virtio_blk.ko',
  'kernel/drivers/block/xen-blkfront.ko',
  'kernel/drivers/block/mtip32xx/',
  'kernel/drivers/cdrom/',
  'kernel/drivers/mmc/core/',
  'kernel/drivers/mmc/host/',
  'kernel/drivers/nvdimm/',
  'kernel/drivers/acpi/nfit/',
  // Mirrors and other arrays, logical volumes, thin ones, encryption.
  'kernel/drivers/md/raid0.ko',
  'kernel/drivers/md/raid1.ko',
  'kernel/drivers/md/raid10.ko',
  'kernel/drivers/md/raid456.ko',
  'kernel/drivers/md/dm-mod.ko',
  'kernel/drivers/md/dm-crypt.ko',
  'kernel/drivers/md/dm-thin-pool.ko',
  // Buses and hypervisors.
  'kernel/drivers/virtio/',
  'kernel/drivers/hv/',
  'kernel/drivers/xen/',
  'kernel/drivers/firmware/qemu_fw_cfg.ko',
  // USB sticks and keyboards, also those a management controller emulates.
  'kernel/drivers/usb/host/',
  'kernel/drivers/usb/storage/',
  'kernel/drivers/usb/core/',
  'kernel/drivers/usb/common/',
  'kernel/drivers/hid/usbhid/',
  'kernel/drivers/hid/hid.ko',
  'kernel/drivers/hid/hid-generic.ko',
  'kernel/drivers/hid/hid-apple.ko',
  'kernel/drivers/hid/hid-cherry.ko',
  'kernel/drivers/hid/hid-hyperv.ko',
  'kernel/drivers/hid/hid-logitech.ko',
  'kernel/drivers/hid/hid-logitech-dj.ko',
  'kernel/drivers/hid/hid-microsoft.ko',
  // Serial ports on cards, TPMs, management controllers, random numbers.
  'kernel/drivers/tty/serial/',
  'kernel/drivers/char/tpm/',
  'kernel/drivers/char/ipmi/',
  'kernel/drivers/char/hw_random/',
  // File systems, and the checksums and ciphers they ask the kernel for by name.
  'kernel/fs/ext4/',
  'kernel/fs/xfs/',
  'kernel/fs/btrfs/',
  'kernel/fs/fat/',
  'kernel/fs/isofs/',
  'kernel/fs/overlayfs/',
  'kernel/fs/squashfs/',
  'kernel/fs/erofs/',
  'kernel/fs/fuse/',
  'kernel/fs/efivarfs/',
  'kernel/fs/nls/',
  'kernel/crypto/',
  'kernel/lib/',
]

/**
 * Modules in those folders that no machine needs to be installed: tests, PCMCIA cards, the target side of storage
 * protocols, and LiquidIO, whose firmware alone weighs 5 MB.
 */
const UNWANTED =
  /(?:^|\/)(?:test_[^/]*|[^/]*[_-](?:test|kunit)|kunit|tcrypt|scsi_debug|[^/]*_cs|tcm_[^/]*|liquidio[^/]*)\.ko$/

/** Reads `modules.dep`: module -> all modules it needs, in the order modprobe loads them before it. */
export function parseModulesDep(text: string): Map<ModulePath, ModulePath[]> {
  const dependencies = new Map<ModulePath, ModulePath[]>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    // depmod lists the nearest dependency first; loading goes the other way round.
    const needs = line
      .slice(colon + 1)
      .split(' ')
      .filter((word) => word !== '')
      .map(withoutSuffix)
      .toReversed()
    dependencies.set(withoutSuffix(line.slice(0, colon)), needs)
  }
  return dependencies
}

/**
 * Reads `modules.softdep`: module name (underscores) -> names of modules it asks for before or after itself, which
 * depmod does not count as dependencies.
 */
export function parseSoftDependencies(text: string): Map<string, string[]> {
  const result = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [keyword, name, ...words] = line.trim().split(/\s+/)
    if (keyword !== 'softdep' || name === undefined) continue
    const names = words.filter((word) => word !== 'pre:' && word !== 'post:').map(moduleName)
    result.set(moduleName(name), [...(result.get(moduleName(name)) ?? []), ...names])
  }
  return result
}

/**
 * All modules matched by `wanted` (a folder prefix ending in `/`, or one path) plus everything these need, sorted.
 * Throws BootAssetError for a pattern that matches nothing, so that a renamed driver is noticed when the kernel changes.
 */
export function selectModules(
  wanted: readonly string[],
  dependencies: ReadonlyMap<ModulePath, readonly ModulePath[]>,
  soft: ReadonlyMap<string, readonly string[]> = new Map(),
): ModulePath[] {
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]))
  const selected = new Set<ModulePath>()
  const add = (path: ModulePath): void => {
    if (selected.has(path)) return
    selected.add(path)
    for (const need of dependencies.get(path) ?? []) add(need)
    for (const name of soft.get(moduleName(path)) ?? []) {
      // A soft dependency may be built in, or only an alias: then there is nothing to add.
      const need = byName.get(name)
      if (need !== undefined) add(need)
    }
  }
  for (const pattern of wanted) {
    const matches = [...dependencies.keys()].filter(
      (path) => (pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern) && !UNWANTED.test(path),
    )
    if (matches.length === 0) throw new BootAssetError('CONTENT_MISSING', `no kernel module matches ${pattern}`)
    for (const path of matches) add(path)
  }
  return [...selected].toSorted()
}

/** Names of firmware files a module may ask for: the `firmware=` fields of its .modinfo section (modinfo(8)). */
export function firmwareNames(module: Buffer): string[] {
  const names: string[] = []
  const field = Buffer.from('\0firmware=')
  for (let at = module.indexOf(field); at >= 0; at = module.indexOf(field, at + 1)) {
    const start = at + field.length
    names.push(module.toString('utf8', start, module.indexOf(0, start)))
  }
  return names
}

/** Name as the kernel spells it: `kernel/drivers/hid/hid-generic.ko.xz` is `hid_generic`. */
export function moduleName(path: string): string {
  return withoutSuffix(path.slice(path.lastIndexOf('/') + 1))
    .replace(/\.ko$/, '')
    .replaceAll('-', '_')
}

function withoutSuffix(path: string): ModulePath {
  return path.replace(/\.(?:xz|zst|gz)$/, '')
}
