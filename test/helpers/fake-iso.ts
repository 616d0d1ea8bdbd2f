// Images that have a true volume descriptor and implanted checksum, and whose files only the fake beside them can read: for tests without xorriso.
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { implantMd5 } from '../../server/media/implanted-md5.ts'
import type { IsoEntry } from '../../server/media/iso-tree.ts'
import type { IsoUnpacker } from '../../server/media/xorriso.ts'

/** Contents by path; `link` is what no installer has. */
type FakeFiles = Record<string, string | { link: string }>

export interface FakeIso {
  volumeId?: string
  files?: FakeFiles
  implanted?: boolean
}

const SECTOR = 2048
const FILES_OFFSET = 64 * 1024
const PADDING_SECTORS = 16

/** A Fedora boot ISO's files, for amd64. */
export const FEDORA_FILES: Readonly<Record<string, string>> = {
  '.discinfo': '1700000000.000000\nFedora 43\nx86_64\n',
  'images/pxeboot/vmlinuz': 'kernel',
  'images/pxeboot/initrd.img': 'initrd',
  'images/install.img': 'stage2',
  'EFI/BOOT/BOOTX64.EFI': 'shim',
  'EFI/BOOT/grubx64.efi': 'grub',
}

/** Writes the image; the default is Fedora's. */
export async function writeFakeIso(path: string, options: FakeIso = {}): Promise<void> {
  const { volumeId = 'Fedora-E-dvd-x86_64-43', files = FEDORA_FILES, implanted = true } = options
  const content = Buffer.from(JSON.stringify(files))
  const sectors = Math.ceil((FILES_OFFSET + 4 + content.length) / SECTOR) + PADDING_SECTORS
  const image = Buffer.alloc(sectors * SECTOR)
  descriptor(volumeId, sectors).copy(image, 16 * SECTOR)
  image.writeUInt32BE(content.length, FILES_OFFSET)
  content.copy(image, FILES_OFFSET + 4)
  await writeFile(path, image)
  if (!implanted) return
  await using file = await open(path, 'r+')
  await implantMd5(file)
}

/** A primary volume descriptor (ECMA-119 section 8.4), as far as anybody here reads it. */
export function descriptor(volumeId: string, sectors: number): Buffer {
  const sector = Buffer.alloc(SECTOR)
  sector[0] = 1
  sector.write('CD001\x01', 1, 'latin1')
  sector.write(volumeId.padEnd(32), 40, 'latin1')
  sector.writeUInt32LE(sectors, 80)
  sector.writeUInt32BE(sectors, 84)
  sector.writeUInt16LE(SECTOR, 128)
  return sector
}

/** Reads what {@link writeFakeIso} wrote. */
export const fakeUnpacker: IsoUnpacker = {
  ready: () => Promise.resolve(),
  async root(iso) {
    const entries = entriesOf(await filesIn(iso))
    return entries.filter(({ path }) => !path.includes('/'))
  },
  async list(iso, names) {
    return entriesOf(await filesIn(iso)).filter(({ path }) => names.includes(path.split('/')[0]!))
  },
  async extract(iso, names, folder) {
    for (const [path, content] of Object.entries(await filesIn(iso))) {
      if (!names.includes(path.split('/')[0]!) || typeof content !== 'string') continue
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content, { mode: 0o4444 })
    }
  },
}

async function filesIn(iso: string): Promise<FakeFiles> {
  const image = await readFile(iso)
  const length = image.readUInt32BE(FILES_OFFSET)
  return JSON.parse(image.toString('utf8', FILES_OFFSET + 4, FILES_OFFSET + 4 + length)) as FakeFiles
}

function entriesOf(files: FakeFiles): IsoEntry[] {
  const folders = new Set<string>()
  for (const path of Object.keys(files)) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  }
  return [
    ...[...folders].map((path): IsoEntry => ({ path, type: 'directory', size: 0 })),
    ...Object.entries(files).map(([path, content]): IsoEntry =>
      typeof content === 'string'
        ? { path, type: 'file', size: Buffer.byteLength(content) }
        : { path, type: 'other', size: 0 },
    ),
  ]
}
