import { describe, expect, it } from 'vitest'
import { DocumentError } from '../../../server/documents/errors.ts'
import { readDocuments } from '../../../server/documents/read-yaml.ts'

const FILE = `# Rack 12
kind: profile
name: rack
selector: { rack: r12 }
spec:
  finish: kexec
---
- kind: machine
  name: web-1
  macs: [ '52:54:00:00:00:01' ]
- {"kind": "machine", "name": "web-2"}
---
`

describe('readDocuments', () => {
  it('finds each document with its line, in YAML and JSON', () => {
    const { documents, problems } = readDocuments(FILE)
    expect(problems).toEqual([])
    expect(documents.map(({ line, document }) => [line, document.name])).toEqual([
      [2, 'rack'],
      [8, 'web-1'],
      [11, 'web-2'],
    ])
    expect(readDocuments('[\n{"kind":"machine",\n"name":"a"}]').documents).toMatchObject([{ line: 2 }])
    expect(readDocuments('# nothing\n---\n')).toEqual({ documents: [], problems: [] })
  })

  it.each<[string, string, number, string]>([
    [
      'a bad value',
      'kind: machine\nname: a\nspec:\n  files:\n    - path: /usr/x\n      content: ""',
      5,
      'spec.files.0.path',
    ],
    [
      'an unknown key',
      'kind: machine\nname: a\nspec:\n  finish: kexec\n  colour: red',
      5,
      'spec: Unrecognized key: "colour"',
    ],
    ['what is missing, by the document', '\n\nkind: profile\nname: a', 3, 'selector'],
    ['another kind', 'name: a\nkind: rack', 2, 'kind: kind must be machine or profile'],
    ['what is no document', '- 7', 1, 'kind must be machine or profile'],
  ])('tells the line of %s', (_, text, line, message) => {
    const { problems, documents } = readDocuments(text)
    expect(documents).toEqual([])
    expect(problems).toMatchObject([{ line, message: expect.stringContaining(message) as string }])
  })

  it.each([
    ['a bracket that is open', 'a: [1', 'line 1'],
    ['a key twice', 'kind: machine\nkind: machine', 'line 2'],
    [
      'references without end',
      `a: &a [x,x]\n${[...'bcdefghijk'].map((one, at) => `${one}: &${one} [*${'abcdefghij'[at]},*${'abcdefghij'[at]}]`).join('\n')}`,
      'alias',
    ],
    ['depth without end', '['.repeat(100_000), 'nested deeper'],
  ])('refuses %s', (_, text, message) => {
    expect(() => readDocuments(text)).toThrowWithCode(DocumentError, 'YAML_INVALID')
    expect(() => readDocuments(text)).toThrow(message)
  })
})
