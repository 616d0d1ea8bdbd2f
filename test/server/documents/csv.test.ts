import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvLine, parseCsv } from '../../../server/documents/csv.ts'
import { DocumentError } from '../../../server/documents/errors.ts'

const cells = (text: string) => parseCsv(text).map((row) => row.cells)

describe('parseCsv', () => {
  it.each<[string, string, string[][]]>([
    [
      'commas',
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons, as spreadsheets in much of Europe have',
      'a;b\n"1,5";2',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs, and a mark of UTF-8',
      '\uFEFFa\tb\n1\t',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    [
      'quotes inside, and lines',
      'a,b\n"x ""y""","1\n2"',
      [
        ['a', 'b'],
        ['x "y"', '1\n2'],
      ],
    ],
    [
      'blanks around, which are none inside quotes',
      'a , b\n" 1 ",2 ',
      [
        ['a', 'b'],
        [' 1 ', '2'],
      ],
    ],
    ['empty lines, which say nothing', 'a\n\n,\n1\n', [['a'], ['1']]],
    ['nothing', '', []],
  ])('reads %s', (_, text, expected) => {
    expect(cells(text)).toEqual(expected)
  })

  it('knows where a row begins, whatever lines are inside', () => {
    expect(parseCsv('a\n"1\r\n2"\n3\n\n4').map(({ line }) => line)).toEqual([1, 2, 4, 6])
  })

  it.each(['a\n"b', 'a\n"b"c', 'a,b"c"\n"'])('refuses %j', (text) => {
    if (text.startsWith('a,b')) expect(() => parseCsv(text)).toThrowWithCode(DocumentError, 'CSV_INVALID')
    else expect(() => parseCsv(text)).toThrow('line 2')
  })

  it('takes away what keeps spreadsheets from calculating', () => {
    expect(csvLine(['=1', "'=1", "it's", '-2'])).toBe("'=1,''=1,it's,'-2\r\n")
    const text = fc.oneof(fc.string(), fc.constantFrom('=x', "'+", "''-1", ' a', 'a\u00a0', ' =1', ' ', 'a\r\nb'))
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 4 }), (row) => {
        fc.pre(row.some((cell) => cell !== ''))
        expect(cells(`a,b,c,d\r\n${csvLine(row)}`)[1]).toEqual(row)
      }),
      { seed: 1121 },
    )
  })
})
