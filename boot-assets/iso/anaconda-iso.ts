// A distribution's installer ISO, looked into before it is changed.
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KickstartRelease } from '../../server/contract/kickstart-release.ts'
import { MediaError } from '../../server/media/errors.ts'
import { kickstartRelease } from '../../server/media/kickstart-release.ts'
import { recognise } from '../../server/media/recognise.ts'
import { parseDiscInfo, parseTreeInfo } from '../../server/media/tree-info.ts'
import { DESCRIPTOR_OFFSET, parseVolume, SECTOR_BYTES } from '../../server/media/volume.ts'
import { parseListing } from '../../server/media/xorriso.ts'
import { IsoError } from './error.ts'
import type { IsoKit } from './kit.ts'
import { tool } from './tool.ts'

export interface AnacondaIso {
  path: string
  /** Volume id, by which its boot menus name it. */
  label: string
  /** `Fedora 44` */
  product: string
  release: KickstartRelease
  /** Files taken out of it, by path on the ISO. */
  files: ReadonlyMap<string, string>
}

/**
 * Recognises an ISO and takes those of the `wanted` files out of it that it has, into `folder`. Throws IsoError INPUT_INVALID for what is no
 * installer ISO of x86_64, or has a label that its boot menus would have to escape.
 */
export async function openAnacondaIso(
  kit: IsoKit,
  path: string,
  wanted: readonly string[],
  folder: string,
): Promise<AnacondaIso> {
  const label = await labelOf(path)
  const files = await extract(kit, path, ['.treeinfo', '.discinfo', ...wanted], folder)
  const text = async (name: string) => (files.has(name) ? readFile(files.get(name)!, 'utf8') : undefined)
  const [treeInfo, discInfo] = [await text('.treeinfo'), await text('.discinfo')]
  try {
    const { product, line, version, architecture } = recognise({
      treeInfo: treeInfo === undefined ? undefined : parseTreeInfo(treeInfo),
      discInfo: discInfo === undefined ? undefined : parseDiscInfo(discInfo),
      volumeId: label,
    })
    if (architecture !== 'amd64')
      throw new IsoError('INPUT_INVALID', `${path} is for ${architecture}, want one for amd64`)
    const { release } = kickstartRelease(line, version)
    return { path, label, product: `${product} ${version}`, release, files }
  } catch (cause) {
    throw cause instanceof MediaError ? invalid(path, cause) : cause
  }
}

async function labelOf(path: string): Promise<string> {
  await using file = await open(path).catch((cause: unknown) => {
    throw invalid(path, cause)
  })
  const { buffer } = await file.read(Buffer.alloc(SECTOR_BYTES), 0, SECTOR_BYTES, DESCRIPTOR_OFFSET)
  let label: string
  try {
    label = parseVolume(buffer).id
  } catch (cause) {
    throw invalid(path, cause)
  }
  // GRUB splits command lines at blanks, and udev escapes what it finds odd.
  if (/^[\w.-]+$/.test(label)) return label
  throw new IsoError(
    'INPUT_INVALID',
    `${path} is labelled ${JSON.stringify(label)}, want letters, digits, dots and hyphens`,
  )
}

async function extract(
  kit: IsoKit,
  iso: string,
  wanted: readonly string[],
  folder: string,
): Promise<Map<string, string>> {
  const on = ['-no_rc', '-indev', `stdio:${iso}`]
  const find = ['-find', '/', '-maxdepth', '4', '-type', 'f', '-exec', 'lsdl', '--']
  const there = new Set(parseListing(await tool(() => kit.run('xorriso', [...on, ...find]))).map(({ path }) => path))
  const files = new Map(wanted.filter((path) => there.has(path)).map((path) => [path, join(folder, path)]))
  for (const file of files.values()) await mkdir(dirname(file), { recursive: true })
  const each = [...files].flatMap(([path, file]) => ['-extract_single', `/${path}`, file])
  if (each.length > 0) await tool(() => kit.run('xorriso', [...on, '-osirrox', 'on', ...each]))
  return files
}

function invalid(path: string, cause: unknown): IsoError {
  const { message, hint } = cause as Error & { hint?: string }
  return new IsoError('INPUT_INVALID', `${path}: ${message}`, { cause, ...(hint !== undefined && { hint }) })
}
