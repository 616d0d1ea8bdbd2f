// A boot ISO as lorax makes them: same files, same hybrid layout (BIOS and UEFI, disc and stick), but contents that only the test knows. Needs
// xorriso and mtools, no root.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { implantMd5 } from '../../server/media/implanted-md5.ts'
import { formatTreeInfo } from '../../server/media/tree-info.ts'

const run = promisify(execFile)

export interface SyntheticBootIso {
  product?: string
  version?: string
  arch?: 'x86_64' | 'aarch64'
  /** As the product's own ISOs have it, by default. */
  volumeId?: string
  /** DVDs carry `.treeinfo`, boot ISOs do not; `damaged` has a wrong checksum of the kernel. */
  treeInfo?: 'absent' | 'present' | 'damaged'
  /** Whether a checksum is implanted. */
  implanted?: boolean
  /** Instead of, or besides, what the ISO has by itself; `undefined` leaves a file out. */
  files?: Readonly<Record<string, Uint8Array | string | undefined>>
}

type Files = Record<string, Uint8Array | string>

/** UEFI's type of an EFI system partition, and of basic data. */
const ESP = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const BASIC_DATA = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'
const ESP_KIB = 4096

/** A volume id has 32 characters at most. */
const SHORT_NAMES: Readonly<Record<string, string>> = { 'Red Hat Enterprise Linux': 'RHEL', 'Rocky Linux': 'Rocky' }

/** Writes the ISO to `path`; resolves with the files put into it (xorriso patches eltorito.img). */
export async function writeBootIso(path: string, options: SyntheticBootIso = {}): Promise<Readonly<Files>> {
  const { product = 'Fedora', version = '43', arch = 'x86_64', implanted = true } = options
  const volumeId = options.volumeId ?? volumeIdOf(product, version, arch)
  const folder = await mkdtemp(join(tmpdir(), 'landfall-iso-'))
  try {
    const files = filesOf({ product, version, arch, volumeId, ...options })
    const tree = join(folder, 'tree')
    await writeTree(tree, files)
    const esp = join(folder, 'efiboot.img')
    await writeEsp(esp, tree)
    await run('cp', [esp, join(tree, 'images/efiboot.img')])
    await writeFile(join(folder, 'boot_hybrid.img'), new Uint8Array(512))
    await run('xorriso', [
      '-no_rc',
      '-as',
      'mkisofs',
      '-quiet',
      ...layout(folder, arch),
      '-V',
      volumeId,
      '-o',
      path,
      tree,
    ])
    if (implanted) {
      await using iso = await open(path, 'r+')
      await implantMd5(iso)
    }
    return files
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `Fedora-E-dvd-x86_64-43`, `RHEL-9-6-BaseOS-x86_64`. */
function volumeIdOf(product: string, version: string, arch: string): string {
  if (product === 'Fedora') return `Fedora-E-dvd-${arch}-${version}`
  const name = SHORT_NAMES[product] ?? product.replaceAll(' ', '-')
  return `${name}-${version.replaceAll('.', '-')}-BaseOS-${arch}`
}

function filesOf(
  options: SyntheticBootIso & { product: string; version: string; arch: string; volumeId: string },
): Files {
  const { product, version, arch, volumeId, treeInfo = 'absent' } = options
  const grubConfig = grubConfigOf(volumeId)
  const suffix = arch === 'x86_64' ? 'x64' : 'aa64'
  const files: Files = {
    '.discinfo': `1700000000.000000\n${product} ${version}\n${arch}\n`,
    'images/pxeboot/vmlinuz': randomBytes(300_000),
    'images/pxeboot/initrd.img': randomBytes(700_001),
    'images/install.img': randomBytes(2_000_003),
    [`EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`]: randomBytes(20_000),
    [`EFI/BOOT/grub${suffix}.efi`]: randomBytes(40_000),
    [`EFI/BOOT/mm${suffix}.efi`]: randomBytes(10_000),
    'EFI/BOOT/grub.cfg': grubConfig,
    'EFI/BOOT/fonts/unicode.pf2': randomBytes(1000),
    'boot/grub2/grub.cfg': grubConfig,
    ...(arch === 'x86_64' && {
      'images/eltorito.img': randomBytes(30_000),
      'boot/grub2/i386-pc/normal.mod': randomBytes(5000),
    }),
  }
  for (const [path, content] of Object.entries(options.files ?? {})) {
    if (content === undefined) delete files[path]
    else files[path] = content
  }
  if (treeInfo !== 'absent') files['.treeinfo'] = treeInfoOf(options, files)
  return files
}

function treeInfoOf(
  { product, version, arch, treeInfo }: { product: string; version: string; arch: string; treeInfo?: string },
  files: Files,
): string {
  const images = { kernel: 'images/pxeboot/vmlinuz', initrd: 'images/pxeboot/initrd.img', stage2: 'images/install.img' }
  const sums = Object.entries(images)
    .filter(([, path]) => path in files)
    .map(([name, path]) => {
      const sum =
        name === 'kernel' && treeInfo === 'damaged'
          ? '0'.repeat(64)
          : createHash('sha256').update(files[path]!).digest('hex')
      return `${path} = sha256:${sum}`
    })
  // Trees on mirrors name what no ISO holds.
  const elsewhere = `repodata/repomd.xml = sha256:${'1'.repeat(64)}`
  const checksums = `\n[checksums]\n${[...sums, elsewhere].join('\n')}\n`
  return formatTreeInfo({ family: product, version, arch, ...images }) + checksums
}

/** As lorax's: entry 1 checks the medium, and is what starts after a minute. */
function grubConfigOf(volumeId: string): string {
  const label = volumeId.replace(/[^A-Za-z0-9#+.:=@_-]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`)
  const entry = (title: string, more: string) => `menuentry '${title}' --class fedora --class gnu-linux {
\tlinux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=${label}${more} quiet
\tinitrd /images/pxeboot/initrd.img
}
`
  return `set default="1"
set timeout=60
search --no-floppy --set=root -l '${volumeId}'

${entry('Install', '')}${entry('Test this media & install', ' rd.live.check')}`
}

async function writeTree(folder: string, files: Files): Promise<void> {
  await mkdir(join(folder, 'images'), { recursive: true })
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/** A FAT file system with the same EFI/BOOT as the disc's. */
async function writeEsp(path: string, tree: string): Promise<void> {
  await run('mformat', ['-C', '-i', path, '-v', 'ANACONDA', '-T', String(ESP_KIB * 2), '-h', '16', '-s', '32', '::'])
  await run('mcopy', ['-s', '-i', path, join(tree, 'EFI'), '::'])
}

/** Options of mkisofs for a disc that is also a stick (lorax share/templates.d/99-generic/x86.tmpl and aarch64.tmpl). */
function layout(folder: string, arch: string): string[] {
  const esp = join(folder, 'efiboot.img')
  const bios =
    '-b images/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info -eltorito-alt-boot'
  const isBios = arch === 'x86_64'
  return [
    ...words('-R -J -iso-level 3 -partition_offset 16 -appended_part_as_gpt -append_partition 2'),
    ESP,
    esp,
    '-iso_mbr_part_type',
    BASIC_DATA,
    ...(isBios ? ['--grub2-mbr', join(folder, 'boot_hybrid.img')] : []),
    ...words('-c boot.cat --boot-catalog-hide'),
    ...(isBios ? words(bios) : []),
    ...words('-e --interval:appended_partition_2:all:: -no-emul-boot'),
  ]
}

function words(text: string): string[] {
  return text.split(' ')
}
