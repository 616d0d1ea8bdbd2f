// What the programs print: `nvme` as of 2.13, its dump of a log page, and udev's ata_id.

interface SanitizeState {
  status: number
  action?: number
  /** Of 65536. */
  progress?: number
  /** Seconds for overwrite, block erase and change of the key; 0xffffffff is "not said". */
  estimates?: readonly [number, number, number]
}

/** `nvme get-log DEVICE --log-id=0x81 --log-len=32`, with the bits beside the status that real disks set. */
export function sanitizeLog({ status, action = 2, progress = 0xffff, estimates = [0, 0, 0] }: SanitizeState): string {
  const page = Buffer.alloc(32)
  page.writeUInt16LE(progress, 0)
  page.writeUInt16LE(status | 0x100, 2)
  page.writeUInt32LE(action | 0x08, 4)
  estimates.forEach((seconds, at) => page.writeUInt32LE(seconds, 8 + 4 * at))
  const line = (at: number) => {
    const bytes = [...page.subarray(at, at + 16)]
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    return `${at.toString(16).padStart(4, '0')}: ${hex} "${bytes.map(() => '.').join('')}"`
  }
  return `Device:nvme0n1 log-id:129 namespace-id:0xffffffff\n       0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f\n${line(0)}\n${line(16)}\n`
}

/** `nvme id-ctrl DEVICE --output-format=json`, without most of what does not matter here. */
export function idCtrl({ oacs = 0x5e, fna = 0x4, sanicap = 0x3 }: { oacs?: number; fna?: number; sanicap?: number }) {
  return JSON.stringify({
    vid: 5197,
    ssvid: 5197,
    sn: 'S4EVNX0R123456',
    mn: 'SAMSUNG MZQL21T9HCJR',
    oacs,
    fna,
    sanicap,
    nn: 32,
  })
}

const ATA = `ID_ATA=1
ID_TYPE=disk
ID_BUS=ata
ID_MODEL=SAMSUNG_MZ7KH480HAHQ-00005
ID_SERIAL_SHORT=S47NNA0N123456
ID_ATA_WRITE_CACHE=1
ID_ATA_FEATURE_SET_SECURITY=1
`
/** `ata_id --export DEVICE` of a disk that nobody has locked. */
export const ATA_FRESH = `${ATA}ID_ATA_FEATURE_SET_SECURITY_ENABLED=0
ID_ATA_FEATURE_SET_SECURITY_ERASE_UNIT_MIN=96
ID_ATA_FEATURE_SET_SECURITY_ENHANCED_ERASE_UNIT_MIN=0
ID_ATA_FEATURE_SET_SMART=1
`
export const ATA_FROZEN = `${ATA_FRESH}ID_ATA_FEATURE_SET_SECURITY_FROZEN=1
`
/** Its power was cut while it erased itself. */
export const ATA_LOCKED = `${ATA}ID_ATA_FEATURE_SET_SECURITY_ENABLED=1
ID_ATA_FEATURE_SET_SECURITY_ERASE_UNIT_MIN=96
ID_ATA_FEATURE_SET_SECURITY_LEVEL=high
ID_ATA_FEATURE_SET_SECURITY_LOCKED=1
`
/** A USB bridge, or a disk of old. */
export const ATA_WITHOUT_SECURITY = `ID_ATA=1
ID_TYPE=disk
ID_BUS=ata
ID_MODEL=QEMU_HARDDISK
`
