// The file formats a disk image can have, in qemu-img's words.
export const FORMATS = ['raw', 'qcow2', 'vmdk', 'vhd'] as const
export type DiskImageFormat = (typeof FORMATS)[number]

/** Format name and options of `qemu-img convert`; raw needs no conversion. */
const CONVERSIONS: Readonly<Record<Exclude<DiskImageFormat, 'raw'>, readonly string[]>> = {
  qcow2: ['-O', 'qcow2', '-o', 'compat=1.1'],
  // What ESXi and OVF packages take; a monolithic one has to be converted there first.
  vmdk: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'],
  // Azure takes fixed ones only, and sizes in whole MiB: without force_size the geometry of the disk would round it.
  vhd: ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
}

/** Arguments of `qemu-img` that make `target` of the raw disk `source`; undefined where the raw disk is what is wanted. */
export function convertArguments(format: DiskImageFormat, source: string, target: string): string[] | undefined {
  if (format === 'raw') return undefined
  return ['convert', '-p', '-f', 'raw', ...CONVERSIONS[format], source, target]
}
