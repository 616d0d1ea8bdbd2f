import { describe, expect, it } from 'vitest'
import { overlayEnabled, verityRequired } from '../../../boot-assets/agent/ostree/prepare-root.ts'

describe('prepare-root.conf', () => {
  it.each([
    ['', false],
    ['[composefs]\nenabled = yes\n', true],
    ['[composefs]\nenabled=true', true],
    ['[composefs]\nenabled=1', true],
    ['[composefs]\nenabled=maybe', true],
    ['[composefs]\nenabled=signed', true],
    ['[composefs]\nenabled=verity', true],
    ['[composefs]\nenabled=no', false],
    ['[composefs]\nenabled=junk', false],
    ['[sysroot]\nenabled=yes', false],
    ['enabled=yes', false],
    ['[composefs]\n# enabled=yes\n', false],
    ['[root]\ntransient = true\n[composefs]\nenabled = no\n', true],
    ['[root]\ntransient=false', false],
    // NB: the last of several lines counts, as in GLib.
    ['[root]\ntransient=true\ntransient=false', false],
  ])('%j shows the whole root: %s', (text, enabled) => {
    expect(overlayEnabled(text)).toBe(enabled)
  })

  it.each([
    ['', false],
    ['[composefs]\nenabled = yes\n', false],
    ['[composefs]\nenabled = maybe\n', false],
    ['[composefs]\nenabled = verity\n', true],
    ['[composefs]\nenabled=signed', true],
    ['enabled = verity', false],
  ])('%j wants fs-verity: %s', (text, wanted) => {
    expect(verityRequired(text)).toBe(wanted)
  })
})
