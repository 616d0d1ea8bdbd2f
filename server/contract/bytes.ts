// Sizes as people read them; the same on the command line, on the page and on the installer's screen.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units, as disks are sold, with at most three digits: `1.92 TB`, `156 MB`, `5 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const rounded = Number(bytes.toPrecision(3))
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(rounded) / 3))
  return `${Number((rounded / 1000 ** power).toPrecision(6))} ${UNITS[power]}`
}
