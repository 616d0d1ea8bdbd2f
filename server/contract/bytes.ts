// Sizes as people read them; the same on the command line, on the page and on the installer's screen.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units, as disks are sold, with at most three digits: `1.92 TB`, `156 MB`, `5 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const rounded = Number(bytes.toPrecision(3))
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(rounded) / 3))
  return `${Number((rounded / 1000 ** power).toPrecision(6))} ${UNITS[power]}`
}

const MULTIPLES: Readonly<Record<string, number>> = {
  '': 1,
  kB: 1e3,
  KiB: 2 ** 10,
  MB: 1e6,
  MiB: 2 ** 20,
  GB: 1e9,
  GiB: 2 ** 30,
  TB: 1e12,
  TiB: 2 ** 40,
}

/** Reads `10 GiB`, `10GiB`, `512 MB` or plain bytes, as blueprints write sizes; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15})\s*([a-zA-Z]*)$/.exec(text.trim()) ?? []
  const multiple = Object.hasOwn(MULTIPLES, unit) ? MULTIPLES[unit] : undefined
  if (digits === undefined || multiple === undefined) return undefined
  const bytes = Number(digits) * multiple
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
