import { describe, expect, it } from 'vitest'
import { ownPath } from '../../../server/http/own-path.ts'

describe('a path of our own', () => {
  it.each([
    ['/', '/'],
    ['/machines?q=a%20b&sort=name#top', '/machines?q=a%20b&sort=name#top'],
    ['/a/../machines', '/machines'],
    ['/machines?next=//evil.example', '/machines?next=//evil.example'],
  ])('%s', (text, path) => {
    expect(ownPath(text)).toBe(path)
  })

  it.each([
    '',
    'machines',
    'https://evil.example/',
    'javascript:alert(1)',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' //evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '//here.invalid:1/',
    '//[',
  ])('is not %j', (text) => {
    expect(ownPath(text)).toBeUndefined()
  })
})
