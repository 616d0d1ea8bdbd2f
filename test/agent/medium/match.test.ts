import { describe, expect, it } from 'vitest'
import { entryFor } from '../../../boot-assets/agent/medium/match.ts'
import { MediumEntry } from '../../../server/contract/medium.ts'
import { facts } from '../examples.ts'

const image = { repository: 'os/web', digest: `sha256:${'a'.repeat(64)}`, targetReference: 'r.example/os/web:1' }
const entry = (name: string, machines?: { macs?: string[]; serials?: string[] }) =>
  MediumEntry.parse({ name, spec: {}, image, ...(machines && { machines }) })

describe('entryFor', () => {
  it.each([
    ['a MAC in another spelling', [entry('a', { macs: ['52-54-00-12-34-56'] })], 'a'],
    ['a serial in another case, with blanks', [entry('a', { serials: [' r1-0001 '] })], 'a'],
    ['the first of several that fit', [entry('a', { serials: ['R1-0001'] }), entry('b')], 'a'],
    ['an entry for everybody, last', [entry('a', { serials: ['other'] }), entry('b')], 'b'],
    ['nothing for another machine', [entry('a', { macs: ['52:54:00:00:00:01'], serials: ['R1-0002'] })], undefined],
    ['nothing of an entry that names nobody', [entry('a', {})], undefined],
    ['nothing of nothing', [], undefined],
  ])('finds %s', (_, entries, name) => {
    expect(entryFor(entries, facts)?.name).toBe(name)
  })

  it('finds machines without network cards by their serial, and without a serial by none', () => {
    const entries = [entry('a', { serials: ['R1-0001'] })]
    expect(entryFor(entries, { nics: [], smbios: facts.smbios })?.name).toBe('a')
    expect(entryFor(entries, { nics: [], smbios: {} })).toBeUndefined()
  })
})
