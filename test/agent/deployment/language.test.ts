import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyboard, language } from '../../../boot-assets/agent/deployment/language.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { FakeTree } from '../fake-tree.ts'

let fake: FakeTree
let warnings: string[]
beforeEach(async () => {
  fake = await FakeTree.make()
  warnings = []
})
afterEach(() => fake[Symbol.asyncDispose]())

const options = () => ({ tree: fake.tree, root: fake.root, warn: (text: string) => void warnings.push(text) })

describe('language', () => {
  it('is LANG; other lines stay', async () => {
    await fake.etc('locale.conf', 'LANG=C.UTF-8\nLC_TIME=C\n')
    fake.programs.add('locale')
    fake.answers.set('locale -a', 'C\nde_DE.utf8\n')
    const [file] = await language(options(), 'de_DE.UTF-8')
    expect(file).toMatchObject({ path: 'etc/locale.conf', text: 'LANG=de_DE.UTF-8\nLC_TIME=C\n' })
    expect(warnings).toEqual([])
  })

  it('is set, with a warning, where the image does not have it', async () => {
    fake.programs.add('locale')
    fake.answers.set('locale -a', 'C\nde_DE.iso88591\n')
    expect(await language(options(), 'de_DE.UTF-8')).toHaveLength(1)
    expect(warnings).toEqual([expect.stringContaining('de_DE.UTF-8')])
  })
})

describe('keyboard', () => {
  it('is KEYMAP; the font stays', async () => {
    await fake.etc('vconsole.conf', 'KEYMAP=us\nFONT=eurlatgr\n')
    await fake.image('usr/lib/kbd/keymaps/xkb/de-nodeadkeys.map.gz')
    const [file] = await keyboard(options(), 'de-nodeadkeys')
    expect(file).toMatchObject({ path: 'etc/vconsole.conf', text: 'KEYMAP=de-nodeadkeys\nFONT=eurlatgr\n' })
    expect(warnings).toEqual([])
  })

  it('is refused where the image has others, and warned of where it has none', async () => {
    expect(await keyboard(options(), 'de')).toHaveLength(1)
    expect(warnings).toHaveLength(1)
    await fake.image('usr/share/kbd/keymaps/i386/qwerty/us.map')
    await expect(keyboard(options(), 'de')).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
  })
})
