// Writes an ISO: the files that are its own, the tree with everything, around it the boot records, into it a checksum.
import { createHash } from 'node:crypto'
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { beyondAgent } from '../../server/contract/agent-limits.ts'
import type { MediumEntry } from '../../server/contract/medium.ts'
import { missingSpace } from '../../server/host/free-space.ts'
import type { Templates } from '../../server/render/templates.ts'
import { SOURCE_DATE_EPOCH } from '../debian/root.ts'
import { assembleIso } from './assemble.ts'
import type { Assembling } from './assemble.ts'
import { IsoError } from './error.ts'
import { espWithMenu } from './esp.ts'
import type { IsoBlob } from './image.ts'
import { pathListText, xorrisoArguments } from './layout.ts'
import type { IsoFile } from './layout.ts'
import { menuVariables } from './menu.ts'
import { tool } from './tool.ts'
import { blobFiles, commonFiles, mediumTexts, uniqueBlobs } from './tree.ts'
import type { IsoContents } from './tree.ts'

export interface IsoWriting extends Assembling {
  templates: Templates
}

export interface WrittenIso {
  /** Volume id: LANDFALL_ and a hash of the content. */
  label: string
  bytes: number
}

/** What firmware, directories and rounding add to the files. */
const OVERHEAD = 8 * 2 ** 20

/**
 * Writes the ISO to `output`, which appears whole or not at all; `folder` is an empty one on the same file system. The same contents give the same
 * bytes: everything is dated SOURCE_DATE_EPOCH, of the environment if it is set there. Throws IsoError.
 */
export async function writeIso(
  contents: IsoContents,
  output: string,
  folder: string,
  writing: IsoWriting,
): Promise<WrittenIso> {
  const { kit, templates, signal } = writing
  for (const entry of contents.medium.entries) requirePossible(entry)
  const blobs = uniqueBlobs(contents.images)
  const totalBytes = await sizeOf(contents, blobs)
  await requireSpace(output, totalBytes)
  const date = readDate(process.env['SOURCE_DATE_EPOCH'])
  const menu = (label: string) =>
    templates.render('grub/medium.cfg', menuVariables(contents.medium, label, contents.confirm))
  const own = mediumTexts(contents)
  // Everything that shapes the bytes.
  const hash = sha256(JSON.stringify([kit.version, contents.installer.version, date, own, menu('LABEL')]))
  const label = `LANDFALL_${hash.slice(0, 12).toUpperCase()}`
  const texts = { ...own, 'boot/grub/grub.cfg': menu(label) }
  const iso = join(folder, basename(output))
  const xorriso = async () => {
    const written = await writeTexts(texts, join(folder, 'texts'))
    const menuFile = join(folder, 'texts/boot/grub/grub.cfg')
    const esp = await tool(() => espWithMenu(kit.run, { from: kit.esp, menu: menuFile, folder, date }))
    const files = [...written, ...commonFiles(contents, kit, menuFile), ...blobFiles(blobs)]
    const list = join(folder, 'files')
    await writeFile(list, pathListText(files))
    return xorrisoArguments({ label, guid: guidOf(hash), date, files, esp, hybridMbr: kit.hybridMbr }, list, iso)
  }
  const env = { SOURCE_DATE_EPOCH: String(date) }
  await assembleIso({ path: iso, xorriso, env, blobs, totalBytes }, writing)
  const { server, entries } = contents.medium
  // Nobody else need read what lets machines in.
  if (server || entries.some(({ report }) => report)) await chmod(iso, 0o600)
  const { size: bytes } = await stat(iso)
  signal?.throwIfAborted()
  await rename(iso, output)
  return { label, bytes }
}

/** What the agent would leave undone is refused, not left out. */
function requirePossible({ name, spec }: MediumEntry): void {
  const beyond = beyondAgent(spec)
  if (beyond.length === 0) return
  throw new IsoError('INPUT_INVALID', `${name}: Landfall's agent cannot carry out ${beyond.join(', ')}`, {
    hint: 'leave these values out, or make an ISO of a distribution: `landfall iso build anaconda`',
  })
}

async function writeTexts(texts: Record<string, string>, folder: string): Promise<IsoFile[]> {
  const files: IsoFile[] = []
  for (const [path, text] of Object.entries(texts)) {
    const source = join(folder, path)
    await mkdir(dirname(source), { recursive: true })
    await writeFile(source, text)
    files.push({ path: `/${path}`, source })
  }
  return files
}

async function sizeOf({ installer }: IsoContents, blobs: readonly IsoBlob[]): Promise<number> {
  const files = await Promise.all([installer.vmlinuz, installer.initrd].map((file) => stat(file)))
  return [...files, ...blobs].reduce((sum, { size }) => sum + size, OVERHEAD)
}

export async function requireSpace(output: string, need: number): Promise<void> {
  const missing = await missingSpace(dirname(resolve(output)), need)
  if (missing !== undefined) throw new IsoError('NO_SPACE', `writing ${output}: ${missing}`)
}

/** Seconds since 1970 (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function readDate(text: string | undefined): number {
  if (text === undefined || text === '') return SOURCE_DATE_EPOCH
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new IsoError('INPUT_INVALID', `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, want seconds since 1970`)
}

/** A random UUID (version 4) in form, made of the hash. */
function guidOf(hash: string): string {
  const variant = '89AB'[Number.parseInt(hash[16]!, 16) % 4]
  const text = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
  return text.toUpperCase()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
