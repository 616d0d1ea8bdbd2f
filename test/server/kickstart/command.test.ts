import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ksCommand, ksQuote } from '../../../server/kickstart/command.ts'
import { optionsOf, parseKickstart, splitWords } from '../../../server/kickstart/parse.ts'

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

describe('a quoted value', () => {
  it.each([
    ['plain', 'plain'],
    ['a b', '"a b"'],
    ['#1', '"#1"'],
    ['say "hi"\\', '"say \\"hi\\"\\\\"'],
    ['$HOME', '"$HOME"'],
    ['', '""'],
  ])('%j is written %s', (value, written) => {
    expect(ksQuote(value, 'user')).toBe(written)
  })

  it('is read back as it was, or refused for a control character (statement 23)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const quote = () => ksQuote(value, 'user')
        if (CONTROL.test(value)) expect(quote).toThrow(expect.objectContaining({ code: 'VALUE_UNSAFE' }))
        else expect(splitWords(quote())).toEqual([value])
      }),
    )
  })
})

describe('a command', () => {
  it('has arguments first, and leaves out what is not set', () => {
    expect(ksCommand('part', { fstype: 'xfs', size: 1024, grow: true, label: undefined, asprimary: false }, '/')).toBe(
      'part / --fstype=xfs --size=1024 --grow',
    )
  })

  it('holds exactly the values it was given, whatever they are', () => {
    const printable = fc.string({ unit: 'grapheme' }).filter((value) => !CONTROL.test(value))
    fc.assert(
      fc.property(printable, printable, (first, second) => {
        const { commands, sections, problems } = parseKickstart(
          `${ksCommand('user', { name: first, gecos: second })}\n`,
        )
        expect([commands.length, sections, problems]).toEqual([1, [], []])
        expect([...optionsOf(commands[0]!)]).toEqual([
          ['name', first],
          ['gecos', second],
        ])
      }),
    )
  })

  it('refuses an argument that would be an option', () => {
    expect(() => ksCommand('timezone', {}, '--isUtc')).toThrow(expect.objectContaining({ code: 'VALUE_UNSAFE' }))
  })

  it.each([
    ['an option', () => ksCommand('part', { passphrase: 'secret\n' }, '/'), /^part --passphrase has /],
    ['a list', () => ksCommand('user', { groups: ['wheel', 'secret\n'] }), /^user --groups has /],
    ['an argument', () => ksCommand('rootpw', {}, 'secret\n'), /^rootpw has /],
    ['an argument like an option', () => ksCommand('rootpw', {}, '-secret'), /^rootpw has /],
  ])('names %s that it refuses, and not its value', (_, command, message) => {
    expect(command).toThrow(message)
    expect(command).not.toThrow(/secret/)
  })
})
