import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { escapeRef, imageRef, layerRef, unescapeRef } from '../../../boot-assets/agent/ostree/ref-escape.ts'

describe('escaping refs', () => {
  it.each([
    ['sha256:abc', 'sha256_3A_abc'],
    ['docker://registry.example/a/b:latest', 'docker_3A__2F__2F_registry_2E_example/a/b_3A_latest'],
    ['a_b-c', 'a__b-c'],
    ['a//b', 'a/_2F_b'],
    ['/a', '_2F_a'],
    ['a/', 'a_2F_'],
    ['a_/b', 'a___2F_b'],
    ['é\n', '_E9__0A_'],
    ['😀', '_1F600_'],
  ])('%j is %j', (text, ref) => {
    expect(escapeRef(text)).toBe(ref)
    expect(unescapeRef(ref)).toBe(text)
  })

  it('can always be undone', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((each) => !each.includes('\0') && each.isWellFormed())
    fc.assert(fc.property(text, (each) => unescapeRef(escapeRef(each)) === each))
  })

  it('names the refs of layers and images', () => {
    expect(layerRef('sha256:00')).toBe('ostree/container/blob/sha256_3A_00')
    expect(imageRef('docker://h:5000/i')).toBe('ostree/container/image/docker_3A__2F__2F_h_3A_5000/i')
  })

  it('refuses what no ref can hold', () => {
    expect(() => escapeRef('')).toThrowWithCode(OstreeError, 'IMAGE_INVALID')
    expect(() => unescapeRef('a_zz_')).toThrowWithCode(OstreeError, 'IMAGE_INVALID')
  })
})
