// Commands for one kind of firmware, while nobody knows which the machine has: `%pre` drops those for the other.

type Firmware = 'bios' | 'uefi'

/** The line, marked. */
export function onlyFor(firmware: Firmware, line: string): string {
  return `${mark(firmware)}${line}`
}

/** True if some line of the text is for one kind of firmware only. */
export function dependsOnFirmware(text: string): boolean {
  return text.includes(mark('bios')) || text.includes(mark('uefi'))
}

/** The text as `%pre` leaves it on a machine with that firmware. */
export function linesFor(firmware: Firmware, text: string): string {
  const other = mark(firmware === 'bios' ? 'uefi' : 'bios')
  return text
    .split('\n')
    .filter((line) => !line.startsWith(other))
    .map((line) => (line.startsWith(mark(firmware)) ? line.slice(mark(firmware).length) : line))
    .join('\n')
}

function mark(firmware: Firmware): string {
  return `@landfall-${firmware}@ `
}
