import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changed, withAssignment, writeNew } from '../../../boot-assets/agent/deployment/new-file.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'new-file-'))
})
afterEach(() => rm(root, { recursive: true }))

describe('writeNew', () => {
  it('replaces files and links, whichever was there', async () => {
    const file = { path: 'etc/a', text: 'x', mode: 0o600 }
    const link = { path: 'etc/a', link: 'b' }
    await writeNew(root, file)
    expect((await stat(join(root, 'etc/a'))).mode & 0o777).toBe(0o600)
    await writeNew(root, link)
    await writeNew(root, link)
    expect(await readlink(join(root, 'etc/a'))).toBe('b')
    await writeNew(root, file)
    expect(await readFile(join(root, 'etc/a'), 'utf8')).toBe('x')
  })
})

describe('changed', () => {
  it('keeps the mode of what is there', async () => {
    await writeFile(join(root, 'a'), 'x', { mode: 0o640 })
    expect(await changed(root, 'a', (text) => `${text}y`)).toEqual({ path: 'a', text: 'xy', mode: 0o640 })
    expect(await changed(root, 'b', (text) => `${text}y`, 0o600)).toEqual({ path: 'b', text: 'y', mode: 0o600 })
  })
})

describe('withAssignment', () => {
  it.each([
    ['a line of its own', '', 'LANG=x\n'],
    ['one more line', '# about\nLC_TIME=y\n', '# about\nLC_TIME=y\nLANG=x\n'],
    ['one more where the last has no end', 'LC_TIME=y', 'LC_TIME=y\nLANG=x\n'],
    ['the line in its place', 'LANG=old\nLC_TIME=y\n', 'LANG=x\nLC_TIME=y\n'],
    ['one line for two', 'LANG=old\n\n LANG=older\n', 'LANG=x\n\n'],
    ['no line of a longer name', 'LANGUAGE=z\n#LANG=c\n', 'LANGUAGE=z\n#LANG=c\nLANG=x\n'],
  ])('makes %s', (_, text, wanted) => {
    expect(withAssignment(text, 'LANG', 'x')).toBe(wanted)
    expect(withAssignment(wanted, 'LANG', 'x')).toBe(wanted)
  })
})
