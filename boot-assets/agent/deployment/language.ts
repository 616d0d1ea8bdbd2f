// Language and keyboard of the spec, where systemd reads them: locale.conf(5) and vconsole.conf(5).
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AgentError } from '../errors.ts'
import { changed, withAssignment } from './new-file.ts'
import type { NewFile } from './new-file.ts'
import type { ImageTree } from './tree.ts'

const KEYMAPS = ['usr/lib/kbd/keymaps', 'usr/share/kbd/keymaps', 'usr/share/keymaps']

export interface LanguageOptions {
  tree: Pick<ImageTree, 'path' | 'hasProgram' | 'run'>
  /** The deployment. */
  root: string
  warn: (text: string) => void
}

/** A locale that the image lacks is set and warned of: programs then speak as without one, and the image may get it with an update. */
export async function language({ tree, root, warn }: LanguageOptions, locale: string | undefined): Promise<NewFile[]> {
  if (locale === undefined) return []
  if (tree.hasProgram('locale')) {
    const known = (await tree.run('locale', ['-a'])).stdout.split('\n').map(canonical)
    if (!known.includes(canonical(locale))) warn(`the image does not have the locale ${locale}: programs will use C`)
  }
  return [await changed(root, 'etc/locale.conf', (text) => withAssignment(text, 'LANG', locale))]
}

/** Throws AgentError CONFIGURE_FAILED for a keymap that is not among those of the image. */
export async function keyboard({ tree, root, warn }: LanguageOptions, keymap: string | undefined): Promise<NewFile[]> {
  if (keymap === undefined) return []
  const known = (await Promise.all(KEYMAPS.map((folder) => keymapsOf(join(tree.path, folder))))).flat()
  if (known.length === 0) warn('the image has no keymaps for the console: the keyboard takes effect once it has')
  else if (!known.includes(keymap)) {
    throw new AgentError('CONFIGURE_FAILED', `the image has no keymap ${keymap}`, {
      hint: 'name one as `localectl list-keymaps` does there',
    })
  }
  return [await changed(root, 'etc/vconsole.conf', (text) => withAssignment(text, 'KEYMAP', keymap))]
}

/** `en_US.UTF-8` is listed as `en_US.utf8`. */
function canonical(locale: string): string {
  return locale.toLowerCase().replaceAll(/[^a-z0-9_.@]/g, '')
}

async function keymapsOf(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  return files.flatMap((file) => /^(.+)\.k?map(\.gz|\.xz|\.zst)?$/.exec(basename(file))?.[1] ?? [])
}
