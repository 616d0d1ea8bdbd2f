import { describe, expect, it } from 'vitest'
import { convertArguments, FORMATS } from '../../../server/disk-image/formats.ts'

describe('formats', () => {
  it('say how qemu-img makes them, and raw needs nothing made', () => {
    expect(FORMATS.map((format) => convertArguments(format, 'in', 'out')?.slice(4).join(' '))).toEqual([
      undefined,
      '-O qcow2 -o compat=1.1 in out',
      '-O vmdk -o subformat=streamOptimized in out',
      '-O vpc -o subformat=fixed,force_size=on in out',
    ])
  })
})
