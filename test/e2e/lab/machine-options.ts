// What a machine of the lab is made of, and the QEMU arguments that say the same.

import { acceleratorArguments, type Accelerator } from '../../../boot-assets/qemu/accelerator.ts'
import type { QemuPackage } from '../../../boot-assets/qemu/package.ts'
import { LabError } from './errors.ts'

/** `uefi-arm64` is that of a machine with a 64-bit ARM processor. */
export type Firmware = 'uefi' | 'uefi-secureboot' | 'uefi-arm64' | 'bios'
type Nic = 'virtio-net-pci' | 'e1000e' | 'none'
type DiskBus = 'virtio' | 'nvme' | 'ahci' | 'scsi' | 'usb' | 'cdrom'
type Netboot = 'pxe' | 'http' | 'pxe6'
type BootDevice = 'network' | 'disk'

export interface DiskOptions {
  /** Size of the new, empty disk; unused when `file` is given. */
  sizeGiB?: number
  bus?: DiskBus
  serial?: string
  /** Bytes of a sector, 512 by default; 4096 makes a disk of the kind called 4Kn. */
  sectorSize?: 512 | 4096
  /** An existing raw image to use in place: the machine writes to it (never to a `cdrom`). */
  file?: string
  /** An existing qcow2 image that stays as it is: the machine begins with it and writes elsewhere. */
  base?: string
  /** `unsafe` ignores the guest's flushes, for speed; `writeback` obeys them. */
  cache?: 'unsafe' | 'writeback'
}

export interface MachineOptions {
  name: string
  firmware?: Firmware
  /** Default: virtio-net-pci, for BIOS e1000e. With `none` the machine has no network at all. */
  nic?: Nic
  mac?: string
  /**
   * Whether the card carries an iPXE ROM. Without it a UEFI machine netboots by its firmware's own PXE.
   * BIOS always needs it (SeaBIOS has no network code), and so does e1000e (OVMF has no driver for it).
   */
  rom?: boolean
  /** Cards that come before the one that netboots: the firmware does not boot from them, and finds them first. */
  idleNics?: number
  memoryMiB?: number
  cpus?: number
  disks?: DiskOptions[]
  /** What the firmware tries, in order, at every boot; `firmware` leaves it to the machine's own boot entries. */
  bootOrder?: BootDevice[] | 'firmware'
  /** Which of the firmware's network boot protocols are on (UEFI without ROM): of the other family each only adds time-outs. */
  netboot?: Netboot
  /** SMBIOS system serial number and UUID. */
  serialNumber?: string
  uuid?: string
  /** A TPM 2.0, emulated by swtpm; what it holds survives power cycles. */
  tpm?: boolean
}

/** A machine's options with every default filled in, and its files and tap known. */
export interface MachineHardware {
  name: string
  firmware: Firmware
  nic: Nic
  mac: string
  rom: boolean
  memoryMiB: number
  cpus: number
  bootOrder: BootDevice[] | 'firmware'
  netboot: Netboot
  serialNumber: string
  uuid: string
  tap: string
  /** Taps of the cards that it does not boot from. */
  idleTaps: string[]
  /** Private copy of the UEFI variables, writable. */
  variables: string
  disks: MachineDisk[]
  tpm: boolean
}

type MachineDisk = Required<Omit<DiskOptions, 'sizeGiB' | 'base'>> & {
  format: 'raw' | 'qcow2'
  /** Pulled out: the machine starts without it. */
  unplugged: boolean
}

/** Sockets on which the test process listens and QEMU calls in, so that not a byte of a console is missed. */
export interface MachineChannels {
  serial: string
  qmp: string
  /** Where the TPM listens. */
  tpm: string
}

/** The argument list of QEMU for this hardware. Throws BAD_MACHINE for hardware that could never netboot. */
export function qemuArguments(
  hardware: MachineHardware,
  channels: MachineChannels,
  qemu: QemuPackage,
  accelerator: Accelerator,
): string[] {
  const { firmware, cpus, memoryMiB } = hardware
  return [
    ...qemu.command(firmware === 'uefi-arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'),
    '-name',
    hardware.name,
    '-nodefaults',
    '-display',
    'none',
    '-machine',
    machineType(firmware),
    ...acceleratorArguments(accelerator),
    '-smp',
    String(cpus),
    '-m',
    String(memoryMiB),
    // The board for ARM has no VGA, and its serial port is console enough.
    ...(firmware === 'uefi-arm64' ? [] : ['-device', 'VGA']),
    // EDK2's network stack needs entropy, and guests start faster with it.
    '-device',
    'virtio-rng-pci',
    '-uuid',
    hardware.uuid,
    '-smbios',
    `type=1,manufacturer=Landfall,product=Lab machine,serial=${hardware.serialNumber},uuid=${hardware.uuid}`,
    '-chardev',
    `socket,id=serial,path=${channels.serial}`,
    '-serial',
    'chardev:serial',
    '-chardev',
    `socket,id=qmp,path=${channels.qmp}`,
    '-mon',
    'chardev=qmp,mode=control',
    ...firmwareArguments(hardware, qemu),
    ...networkArguments(hardware, qemu),
    ...diskArguments(hardware),
    ...(hardware.tpm ? tpmArguments(channels) : []),
  ]
}

function tpmArguments({ tpm }: MachineChannels): string[] {
  const chardev = ['-chardev', `socket,id=tpm,path=${tpm}`]
  return [...chardev, '-tpmdev', 'emulator,id=tpm0,chardev=tpm', '-device', 'tpm-crb,tpmdev=tpm0']
}

function machineType(firmware: Firmware): string {
  if (firmware === 'uefi-arm64') return 'virt'
  if (firmware === 'uefi-secureboot') return 'q35,smm=on'
  // "graphics=off" makes SeaBIOS copy its text screen to the serial line, and with it iPXE's and GRUB's.
  if (firmware === 'bios') return 'q35,graphics=off'
  return 'q35'
}

/** Which files of the packages `ovmf` and `qemu-efi-aarch64` a firmware is made of; a machine gets a copy of the variables. */
export const OVMF: Record<Exclude<Firmware, 'bios'>, { code: string; variables: string }> = {
  uefi: { code: 'OVMF/OVMF_CODE_4M.fd', variables: 'OVMF/OVMF_VARS_4M.fd' },
  'uefi-secureboot': { code: 'OVMF/OVMF_CODE_4M.secboot.fd', variables: 'OVMF/OVMF_VARS_4M.ms.fd' },
  'uefi-arm64': { code: 'AAVMF/AAVMF_CODE.no-secboot.fd', variables: 'AAVMF/AAVMF_VARS.fd' },
}

function firmwareArguments({ firmware, variables, netboot }: MachineHardware, qemu: QemuPackage): string[] {
  if (firmware === 'bios') return []
  const code = qemu.firmware(OVMF[firmware].code)
  const args = [
    '-drive',
    `if=pflash,unit=0,format=raw,readonly=on,file=${code}`,
    '-drive',
    `if=pflash,unit=1,format=raw,file=${variables}`,
    ...SWITCHED_OFF[netboot].flatMap((protocol) => option(`org.tianocore/${protocol}`, 'n')),
  ]
  if (firmware === 'uefi-secureboot') args.push('-global', 'driver=cfi.pflash01,property=secure,value=on')
  return args
}

/** OVMF's switches. It asks by HTTP only after PXE of the same family. */
const SWITCHED_OFF: Record<Netboot, string[]> = {
  pxe: ['IPv6Support'],
  http: ['IPv6Support', 'IPv4PXESupport'],
  pxe6: ['IPv4Support'],
}

function option(name: string, value: string): string[] {
  return ['-fw_cfg', `name=opt/${name},string=${value}`]
}

const ROM_NAME: Record<Exclude<Nic, 'none'>, string> = { 'virtio-net-pci': 'virtio', e1000e: 'e1000e' }

function networkArguments(hardware: MachineHardware, qemu: QemuPackage): string[] {
  const { name, nic, rom, mac, tap, idleTaps, firmware } = hardware
  if (nic === 'none') return []
  if (!rom && firmware === 'bios') {
    throw new LabError(
      'BAD_MACHINE',
      `machine ${name}: SeaBIOS netboots only by an iPXE ROM in the card: use rom: true`,
    )
  }
  if (!rom && nic === 'e1000e') {
    throw new LabError(
      'BAD_MACHINE',
      `machine ${name}: OVMF has no driver for e1000e: use rom: true, or virtio-net-pci`,
    )
  }
  const kind = firmware === 'bios' ? 'pxe' : 'efi'
  const file = rom ? qemu.firmware(`qemu/${kind}-${ROM_NAME[nic]}.rom`) : ''
  return [
    ...idleTaps.flatMap((idle, at) => [
      '-netdev',
      `tap,id=idle${at},ifname=${idle},script=no,downscript=no`,
      '-device',
      `${nic},netdev=idle${at},mac=${idleMac(mac, at)},romfile=`,
    ]),
    '-netdev',
    `tap,id=net0,ifname=${tap},script=no,downscript=no`,
    '-device',
    `${nic},id=nic0,netdev=net0,mac=${mac},romfile=${file}${bootIndex(hardware, 'network', 0)}`,
  ]
}

/** That of the card that boots with another first byte, locally administered as well. */
function idleMac(mac: string, at: number): string {
  return `${(0x56 + 4 * at).toString(16)}${mac.slice(2)}`
}

function diskArguments(hardware: MachineHardware): string[] {
  const used = new Set(hardware.disks.map(({ bus }) => bus))
  return [
    ...(used.has('scsi') ? ['-device', 'virtio-scsi-pci,id=scsi'] : []),
    ...(used.has('usb') ? ['-device', 'qemu-xhci,id=usb'] : []),
    ...hardware.disks.flatMap(({ bus, serial, file, format, cache, sectorSize, unplugged }, at) => {
      if (unplugged) return []
      const media = bus === 'cdrom' ? 'media=cdrom,readonly=on' : 'discard=unmap,detect-zeroes=unmap'
      return [
        '-drive',
        `if=none,id=disk${at},file=${file},format=${format},cache=${cache},${media}`,
        '-device',
        `${diskDevice(bus, at)},drive=disk${at},serial=${serial}${sectors(sectorSize)}${bootIndex(hardware, 'disk', at)}`,
      ]
    }),
  ]
}

function diskDevice(bus: DiskBus, at: number): string {
  switch (bus) {
    case 'virtio':
      return 'virtio-blk-pci'
    case 'nvme':
      return 'nvme'
    case 'ahci':
      return `ide-hd,bus=ide.${at}`
    case 'cdrom':
      return `ide-cd,bus=ide.${at}`
    case 'scsi':
      return 'scsi-hd,bus=scsi.0'
    case 'usb':
      return 'usb-storage,bus=usb.0'
  }
}

function sectors(size: 512 | 4096): string {
  return size === 512 ? '' : `,logical_block_size=${size},physical_block_size=${size}`
}

const MAX_DEVICES_OF_A_KIND = 16

/** The place of a device in the boot order; a kind that is not in the order is never booted from. */
function bootIndex({ bootOrder }: MachineHardware, kind: BootDevice, at: number): string {
  const rank = bootOrder === 'firmware' ? -1 : bootOrder.indexOf(kind)
  return rank < 0 ? '' : `,bootindex=${rank * MAX_DEVICES_OF_A_KIND + at}`
}
