import { describe, expect, it } from 'vitest'
import { pickMirror } from '../../../boot-assets/debian/mirror.ts'

const debian = (uri: string, release: string): { uri: string; release: string; origin: string } => ({
  uri,
  release,
  origin: 'Debian',
})

describe('pickMirror', () => {
  it('takes the archive and the security mirror of the host', () => {
    expect(
      pickMirror([
        debian('http://one.example/debian-security', 'bookworm-security'),
        debian('http://one.example/debian', 'bookworm-updates'),
        debian('http://two.example/debian', 'bookworm'),
      ]),
    ).toEqual({ archive: 'http://two.example/debian', security: 'http://one.example/debian-security' })
  })

  it('looks for security updates beside the archive when the host has no source for them', () => {
    expect(pickMirror([debian('http://one.example/debian/', 'trixie')])?.security).toBe(
      'http://one.example/debian-security',
    )
  })

  it('passes over archives that are not Debian', () => {
    expect(pickMirror([{ uri: 'http://other.example/apt', release: 'stable', origin: 'Other' }])).toBeUndefined()
    expect(pickMirror([])).toBeUndefined()
  })
})
