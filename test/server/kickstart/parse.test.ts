import { describe, expect, it } from 'vitest'
import { optionsOf, parseKickstart, splitWords } from '../../../server/kickstart/parse.ts'

describe('words', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`'a b'"c d"`, ['a bc d']],
    ['a # b', ['a']],
    ['a#b', ['a']],
    ['"a # b"', ['a # b']],
    ['a\\ b', ['a b']],
    [`'\\'`, ['\\']],
    ['""', ['']],
    ['', []],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words)
  })

  it.each(['"open', `'open`, 'end\\'])('%j is not whole', (text) => {
    expect(splitWords(text)).toBeUndefined()
  })
})

describe('a kickstart', () => {
  it('is commands, then sections of whole lines', () => {
    const kickstart = parseKickstart(
      '# c\n\npart / --size=1 --grow\n%post --nochroot\n  # "\necho %end\n%end\nreboot\n%include /tmp/x\n',
    )
    expect(kickstart.problems).toEqual([])
    expect(kickstart.commands.map(({ line, name }) => [line, name])).toEqual([
      [3, 'part'],
      [8, 'reboot'],
    ])
    expect(optionsOf(kickstart.commands[0]!)).toEqual(
      new Map([
        ['size', '1'],
        ['grow', ''],
      ]),
    )
    expect(kickstart.sections).toEqual([
      { line: 4, name: '%post', words: ['--nochroot'], body: ['  # "', 'echo %end'] },
    ])
    expect(kickstart.includes).toEqual([{ line: 9, path: '/tmp/x' }])
  })

  it.each([
    ['an open section', '%post\necho\n', 1, /%post has no %end/],
    ['a section in a section', '%post\n%pre\n%end\n', 2, /%pre inside of %post/],
    ['an include in a section', '%post\n  %include /x\n%end\n', 2, /%include inside/],
    ['an unknown section', '%nonsense\n', 1, /no section/],
    ['an end without beginning', '%end\n', 1, /%end is no section/],
    ['an open quote', 'rootpw "x\n', 1, /quote/],
  ])('with %s does not parse', (_, text, line, message) => {
    expect(parseKickstart(text).problems).toEqual([{ line, message: expect.stringMatching(message) }])
  })
})
