import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatReference, parseLocalReference, parseRemoteReference } from '../../../server/oci/reference.ts'

const DIGEST = `sha256:${'0f'.repeat(32)}`

describe('parseRemoteReference', () => {
  it.each([
    ['registry.example/os/web:stable', { registry: 'registry.example', repository: 'os/web', tag: 'stable' }],
    ['docker://registry.example:5000/web', { registry: 'registry.example:5000', repository: 'web' }],
    ['localhost/web', { registry: 'localhost', repository: 'web' }],
    ['[::1]:5000/a/b:1', { registry: '[::1]:5000', repository: 'a/b', tag: '1' }],
    [`registry.example/web:1@${DIGEST}`, { registry: 'registry.example', repository: 'web', tag: '1', digest: DIGEST }],
  ])('reads %s', (text, want) => {
    expect(parseRemoteReference(text)).toEqual(want)
  })

  it.each(['web', 'os/web:1', 'registry.example', 'registry.example/', 'registry.example/Web', '../etc/passwd', ''])(
    'refuses %j',
    (text) => {
      expect(() => parseRemoteReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }))
    },
  )
})

describe('parseLocalReference', () => {
  it.each(['a:b:c', 'a@sha256:12', 'a/../b', 'a b', 'A', 'a:', `a@${DIGEST.toUpperCase()}`, 'registry.example:5000/a'])(
    'refuses %j',
    (text) => {
      expect(() => parseLocalReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }))
    },
  )

  it('never throws anything but its own error, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const ref = parseLocalReference(text)
          expect(parseLocalReference(formatReference(ref)).repository).toBe(ref.repository)
        } catch (error) {
          expect(error).toMatchObject({ code: 'REFERENCE_INVALID' })
        }
      }),
    )
  })
})
