import { describe, expect, it } from 'vitest'
import { MediaError } from '../../../server/media/errors.ts'
import { kickstartRelease } from '../../../server/media/kickstart-release.ts'

describe('the kickstart language', () => {
  it.each([
    ['fedora', '41', 'F41'],
    ['fedora', '43', 'F43'],
    ['fedora', '45', 'F45'],
    ['fedora', '42_Beta', 'F42'],
    ['enterprise', '9', 'RHEL9'],
    ['enterprise', '9.6', 'RHEL9'],
    ['enterprise', '10.0', 'RHEL10'],
  ] as const)('of %s %s is %s', (line, version, release) => {
    expect(kickstartRelease(line, version)).toEqual({ release })
  })

  it.each([
    ['fedora', '46', 'F45'],
    ['fedora', 'Rawhide', 'F45'],
    ['enterprise', '11.0', 'RHEL10'],
  ] as const)('of %s %s, which is newer, is %s with a warning', (line, version, release) => {
    expect(kickstartRelease(line, version)).toEqual({ release, warning: expect.stringContaining(version) })
  })

  it.each([
    ['enterprise', '8.10', /cannot deploy container images/],
    ['enterprise', '7', /cannot deploy container images/],
    ['fedora', '40', /out of support/],
    ['fedora', 'unknown', /not understood/],
  ] as const)('of %s %s is refused with the reason', (line, version, reason) => {
    expect(() => kickstartRelease(line, version)).toThrowWithCode(MediaError, 'MEDIA_UNSUPPORTED')
    expect(() => kickstartRelease(line, version)).toThrow(reason)
  })
})
