// Boot Loader Specification entries, type 1: what the installed system starts with.

export interface BootEntryFile {
  version: string
  /** Paths as a boot loader sees them. */
  linux: string
  initrd: string | undefined
  devicetree: string | undefined
  options: string
}

/** Undefined for an entry without a kernel of its own, such as one of a unified kernel image. */
export function parseBlsEntry(text: string): BootEntryFile | undefined {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^([a-z-]+)\s+(.*)$/.exec(line.trim()) ?? []
    if (key === undefined) continue
    // Of several lines of options all count.
    values.set(key, key === 'options' && values.has(key) ? `${values.get(key)} ${value}` : value.trim())
  }
  const linux = values.get('linux')
  if (linux === undefined) return undefined
  return {
    version: values.get('version') ?? '',
    linux,
    initrd: values.get('initrd'),
    devicetree: values.get('devicetree'),
    options: values.get('options') ?? '',
  }
}

/** The arguments without what only GRUB could fill in; its word for the first boot of Ignition is known. */
export function kernelCommandLine(options: string): string {
  return options
    .split(/\s+/)
    .map((word) => (word === '$ignition_firstboot' ? 'ignition.firstboot' : word))
    .filter((word) => word !== '' && !word.startsWith('$'))
    .join(' ')
}
