// Turns text into the key presses that type it on a US keyboard (QEMU's QKeyCode names).

import { LabError } from './errors.ts'

/** Keys held together, e.g. `['ctrl', 'alt', 'delete']`. */
export type Chord = string[]

const NAMED: Record<string, string> = {
  ' ': 'spc',
  '\n': 'ret',
  '\t': 'tab',
  '\x1b': 'esc',
  '-': 'minus',
  '=': 'equal',
  '[': 'bracket_left',
  ']': 'bracket_right',
  ';': 'semicolon',
  "'": 'apostrophe',
  '`': 'grave_accent',
  '\\': 'backslash',
  ',': 'comma',
  '.': 'dot',
  '/': 'slash',
}

const SHIFTED = '~!@#$%^&*()_+{}|:"<>?'
const UNSHIFTED = "`1234567890-=[]\\;',./"

/** One chord per character. Throws BAD_MACHINE for a character that a US keyboard has not. */
export function keystrokes(text: string): Chord[] {
  return [...text].map((character) => {
    const at = SHIFTED.indexOf(character)
    if (at >= 0) return ['shift', keyName(UNSHIFTED[at] ?? '')]
    if (/[A-Z]/.test(character)) return ['shift', character.toLowerCase()]
    return [keyName(character)]
  })
}

function keyName(character: string): string {
  const name = /[a-z0-9]/.test(character) ? character : NAMED[character]
  if (name === undefined) throw new LabError('BAD_MACHINE', `typing ${JSON.stringify(character)}: no such key`)
  return name
}
