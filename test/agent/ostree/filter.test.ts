import { describe, expect, it } from 'vitest'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import {
  FILTER_DEFAULTS,
  mapHardlinkTarget,
  mapPath,
  normalise,
  topLevel,
} from '../../../boot-assets/agent/ostree/filter.ts'

describe('filtering a layer', () => {
  it.each([
    ['', ''],
    ['./', ''],
    ['/', ''],
    ['usr/bin/sh', 'usr/bin/sh'],
    ['//usr/./bin//sh/', 'usr/bin/sh'],
    ['etc', 'usr/etc'],
    ['./etc/passwd', 'usr/etc/passwd'],
    ['/etc/', 'usr/etc'],
    ['etcetera/x', 'etcetera/x'],
    ['usr/etc/x', 'usr/etc/x'],
    ['var/lib/x', 'var/lib/x'],
    ['run', 'run'],
    ['run/lock', null],
    ['./dev/null', null],
    ['tmp/a/b', null],
    ['runner/x', 'runner/x'],
    ['opt/x', 'opt/x'],
    // NB: a whiteout of the whole /etc stays one, as ostree-ext has it.
    ['.wh.etc', '.wh.etc'],
    ['sysroot/ostree', 'sysroot/ostree'],
  ])('%j goes to %j', (path, target) => {
    expect(mapPath(path)).toBe(target)
  })

  it('moves /var to the factory for an old libostree', () => {
    const options = { ...FILTER_DEFAULTS, retainVar: false }
    expect(mapPath('var/lib', options)).toBe('usr/share/factory/var/lib')
    expect(mapPath('var', options)).toBe('usr/share/factory/var')
    expect(mapHardlinkTarget('./var/lib/x', options)).toBe('usr/share/factory/var/lib/x')
    expect(mapPath('variable', options)).toBe('variable')
  })

  it.each([
    ['', ''],
    ['usr/bin/sh', 'usr/bin/sh'],
    ['etc/x', 'usr/etc/x'],
    ['var/lib', 'var/lib'],
    ['run', 'run'],
    ['run/x', null],
    ['opt', null],
    ['opt/x', null],
    ['boot/vmlinuz', null],
    ['sysroot/ostree', null],
  ])('sends %j to %j where the system shows /usr, /etc and /var only', (path, target) => {
    expect(mapPath(path, { ...FILTER_DEFAULTS, allowNonUsr: false })).toBe(target)
  })

  it('normalises paths', () => {
    expect(normalise('./sysroot//ostree/./x/')).toBe('sysroot/ostree/x')
    expect(() => normalise('a/../b')).toThrowWithCode(OstreeError, 'PATH_INVALID')
  })

  it('moves hardlink targets along', () => {
    expect(mapHardlinkTarget('./etc/passwd')).toBe('usr/etc/passwd')
    expect(mapHardlinkTarget('/usr/bin/x')).toBe('usr/bin/x')
  })

  it.each([
    ['../x', 'PATH_INVALID'],
    ['usr/../../x', 'PATH_INVALID'],
    ['run/../etc/x', 'PATH_INVALID'],
    [`usr/${'x'.repeat(256)}`, 'PATH_INVALID'],
    [`usr/${'é'.repeat(128)}`, 'PATH_INVALID'],
  ])('refuses %j', (path, code) => {
    expect(() => mapPath(path)).toThrowWithCode(OstreeError, code)
  })

  it('counts by top-level folder', () => {
    expect(topLevel('./run/lock')).toBe('run')
  })
})
