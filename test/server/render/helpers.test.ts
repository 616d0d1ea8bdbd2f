import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { grubQuote, ipxeText, ipxeWord, uristring } from '../../../server/render/helpers.ts'

describe('uristring', () => {
  it('encodes what a URL gives a meaning', () => {
    expect(uristring('To be filled by O.E.M./#1 &?')).toBe('To%20be%20filled%20by%20O.E.M.%2F%231%20%26%3F')
  })
})

describe('ipxeText', () => {
  it.each([
    ['rack 7', 'rack 7'],
    ['${netX/mac}', '$ {netX/mac}'],
    ['x || shell', 'x | | shell'],
    ['&& exit && &&', '& & exit & & & &'],
    ['a||b', 'a||b'],
    ['x ; shell', 'x , shell'],
    ['rack #7 a#b', 'rack _#7 a#b'],
    ['C:\\', 'C:/'],
    ['Zürich ☃', 'Z?rich ?'],
  ])('%j becomes %j', (given, expected) => expect(ipxeText(given)).toBe(expected))

  it('never yields an expansion or an operator', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', '&', '|', ';', '#', '\\', ' ', 'a', 'é') }),
        (value) => {
          const text = ipxeText(value)
          expect(text).not.toContain('${')
          for (const word of text.split(/\s+/)) expect(word).not.toMatch(/^(&&|\|\||;)$|^#|\\/)
        },
      ),
    )
  })
})

describe('ipxeWord', () => {
  it('passes kernel arguments', () => expect(ipxeWord('console=ttyS0,115200')).toBe('console=ttyS0,115200'))
  it.each(['', 'a b', '||', '&&', ';', '#x', 'x\\', 'x=${net0/ip}', 'é'])('refuses %j', (word) => {
    expect(() => ipxeWord(word)).toThrow(expect.objectContaining({ code: 'VALUE_UNSAFE' }))
  })
})

describe('grubQuote', () => {
  it('ends and reopens the quotes around a quote', () => expect(grubQuote(`it's $x`)).toBe(`'it'\\''s $x'`))
})
