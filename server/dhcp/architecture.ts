/** Option 93: the IANA "Processor Architecture Types" and which boot program each of them can run. */

/** What a boot program must be built for. */
type Platform =
  | 'x86-bios'
  | 'x86-uefi'
  | 'x64-uefi'
  | 'arm32-uefi'
  | 'arm64-uefi'
  | 'riscv32-uefi'
  | 'riscv64-uefi'
  | 'arm32-uboot'
  | 'arm64-uboot'
  | 'raspberry-pi'

export interface Architecture {
  code: number
  name: string
  /** How its firmware fetches the boot file. */
  transport: 'tftp' | 'http'
  /** Absent: Landfall has nothing this machine could run. */
  platform?: Platform
}

type Row = [code: number, name: string, transport: 'tftp' | 'http', platform?: Platform]

const ROWS: Row[] = [
  [0, 'x86 BIOS', 'tftp', 'x86-bios'],
  [1, 'NEC PC-98', 'tftp'],
  [2, 'Itanium', 'tftp'],
  [3, 'DEC Alpha', 'tftp'],
  [4, 'ARC x86', 'tftp'],
  [5, 'Intel Lean Client', 'tftp'],
  [6, 'x86 UEFI', 'tftp', 'x86-uefi'],
  [7, 'x64 UEFI', 'tftp', 'x64-uefi'],
  [8, 'Xscale UEFI', 'tftp'],
  // IANA calls 9 "EBC", but RFC 4578 had it as x64 and old firmware sends it so (erratum 4625).
  [9, 'x64 UEFI (EBC)', 'tftp', 'x64-uefi'],
  [10, 'ARM 32-bit UEFI', 'tftp', 'arm32-uefi'],
  [11, 'ARM 64-bit UEFI', 'tftp', 'arm64-uefi'],
  [12, 'PowerPC Open Firmware', 'tftp'],
  [13, 'PowerPC ePAPR', 'tftp'],
  [14, 'POWER OPAL v3', 'tftp'],
  [15, 'x86 UEFI HTTP', 'http', 'x86-uefi'],
  [16, 'x64 UEFI HTTP', 'http', 'x64-uefi'],
  [17, 'EBC HTTP', 'http', 'x64-uefi'],
  [18, 'ARM 32-bit UEFI HTTP', 'http', 'arm32-uefi'],
  [19, 'ARM 64-bit UEFI HTTP', 'http', 'arm64-uefi'],
  [20, 'x86 BIOS HTTP', 'http', 'x86-bios'],
  [21, 'ARM 32-bit U-Boot', 'tftp', 'arm32-uboot'],
  [22, 'ARM 64-bit U-Boot', 'tftp', 'arm64-uboot'],
  [23, 'ARM 32-bit U-Boot HTTP', 'http', 'arm32-uboot'],
  [24, 'ARM 64-bit U-Boot HTTP', 'http', 'arm64-uboot'],
  [25, 'RISC-V 32-bit UEFI', 'tftp', 'riscv32-uefi'],
  [26, 'RISC-V 32-bit UEFI HTTP', 'http', 'riscv32-uefi'],
  [27, 'RISC-V 64-bit UEFI', 'tftp', 'riscv64-uefi'],
  [28, 'RISC-V 64-bit UEFI HTTP', 'http', 'riscv64-uefi'],
  [29, 'RISC-V 128-bit UEFI', 'tftp'],
  [30, 'RISC-V 128-bit UEFI HTTP', 'http'],
  [31, 's390 Basic', 'tftp'],
  [32, 's390 Extended', 'tftp'],
  [33, 'MIPS 32-bit UEFI', 'tftp'],
  [34, 'MIPS 64-bit UEFI', 'tftp'],
  [35, 'Sunway 32-bit UEFI', 'tftp'],
  [36, 'Sunway 64-bit UEFI', 'tftp'],
  [37, 'LoongArch 32-bit UEFI', 'tftp'],
  [38, 'LoongArch 32-bit UEFI HTTP', 'http'],
  [39, 'LoongArch 64-bit UEFI', 'tftp'],
  [40, 'LoongArch 64-bit UEFI HTTP', 'http'],
  [41, 'Raspberry Pi bootloader', 'tftp', 'raspberry-pi'],
]

const TABLE = new Map<number, Architecture>(
  ROWS.map(([code, name, transport, platform]) => [code, { code, name, transport, ...(platform && { platform }) }]),
)

/** The first type of option 93 that the registry knows; a first unknown one by its number; undefined for none. */
export function chooseArchitecture(codes: readonly number[]): Architecture | undefined {
  for (const code of codes) {
    const known = TABLE.get(code)
    if (known) return known
  }
  const [first] = codes
  return first === undefined ? undefined : { code: first, name: `unknown type ${first}`, transport: 'tftp' }
}
