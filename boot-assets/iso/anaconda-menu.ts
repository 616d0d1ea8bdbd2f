// Boot menus of Anaconda's ISOs, with an entry in front that installs unattended (kickstart-and-iso.md section 5.1).

export interface UnattendedEntry {
  /** What the menu calls it: says what will be lost. */
  title: string
  /** Kernel arguments besides those that the menu's first entry has. */
  arguments: readonly string[]
  /** After which it starts; undefined leaves the choice to a person. */
  seconds: number | undefined
}

/** Arguments of the ISO's own entries that an unattended install does without: other kickstarts, silence, and minutes of checking. */
const UNWANTED = /^(quiet|rd\.live\.check|inst\.ks(\..*|=.*)?)$/

/** A GRUB menu with the entry in front, made of the kernel and initramfs of its first one. Undefined when the menu has no entry. */
export function unattendedGrubMenu(menu: string, entry: UnattendedEntry): string | undefined {
  const lines = menu.split('\n')
  const first = lines.findIndex((line) => /^\s*menuentry\b/.test(line))
  const kernel = lines.find((line, at) => at > first && /^\s*linux(efi)?\s/.test(line))
  const initrd = lines.find((line, at) => at > first && /^\s*initrd(efi)?\s/.test(line))
  if (first < 0 || kernel === undefined || initrd === undefined) return undefined
  const own = [
    `menuentry '${entry.title.replaceAll("'", "'\\''")}' --class gnu-linux {`,
    `\t${argumentsOf(kernel, entry)}`,
    `\t${initrd.trim()}`,
    '}',
    '',
  ]
  const settings = [`set default="0"`, `set timeout=${entry.seconds ?? -1}`]
  const isSetting = (line: string) => /^\s*set\s+(default|timeout)=/.test(line)
  const head = lines.slice(0, first).filter((line) => !isSetting(line))
  const tail = lines.slice(first).filter((line) => !isSetting(line))
  return [...settings, ...head, ...own, ...tail].join('\n')
}

/** An ISOLINUX menu with the entry in front, as RHEL 9 starts on a BIOS. Undefined when the menu has no entry. */
export function unattendedIsolinuxMenu(menu: string, entry: UnattendedEntry): string | undefined {
  const lines = menu.split('\n')
  const first = lines.findIndex((line) => /^\s*label\s/i.test(line))
  const kernel = lines.find((line, at) => at > first && /^\s*kernel\s/i.test(line))
  const append = lines.find((line, at) => at > first && /^\s*append\s/i.test(line))
  if (first < 0 || kernel === undefined || append === undefined) return undefined
  const own = [
    'label landfall',
    `  menu label ${entry.title.replaceAll('^', '')}`,
    '  menu default',
    `  ${kernel.trim()}`,
    `  ${argumentsOf(append, entry)}`,
    '',
  ]
  const kept = lines.map((line) => (/^\s*menu\s+default\s*$/i.test(line) ? '' : line))
  const head = kept.slice(0, first).filter((line) => !/^\s*timeout\s/i.test(line))
  // In tenths of a second; 0 waits for ever.
  return [`timeout ${(entry.seconds ?? 0) * 10}`, ...head, ...own, ...kept.slice(first)].join('\n')
}

function argumentsOf(line: string, entry: UnattendedEntry): string {
  const kept = line
    .trim()
    .split(/\s+/)
    .filter((word) => !UNWANTED.test(word))
  return [...kept, ...entry.arguments].join(' ')
}
