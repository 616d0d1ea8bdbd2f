import { describe, expect, it } from 'vitest'
import { MediaError } from '../../../server/media/errors.ts'
import { parseListing, xorriso } from '../../../server/media/xorriso.ts'

describe("xorriso's listing", () => {
  it('has files, folders, and what is neither', () => {
    // Of xorriso 1.5.4.
    const listing = `drwxr-xr-x    1 0        0               0 Nov 21 07:45 '/'
drwxr-xr-x    1 0        0               0 Nov 21 07:45 '/images'
lrwxrwxrwx    1 0        0               0 Nov 21 07:45 '/images/evil' -> '/etc/passwd'
-rwsr-xr-x    1 1000     1000       200000 Jan  1  2020 '/images/install.img'
-rw-r--r--    1 0        0               2 Nov 21 07:45 '/images/it'"'"'s odd'
crw-r--r--    1 0        0             1,3 Nov 21 07:45 '/images/null'
`
    expect(parseListing(listing)).toEqual([
      { path: 'images', type: 'directory', size: 0 },
      { path: 'images/evil', type: 'other', size: 0 },
      { path: 'images/install.img', type: 'file', size: 200_000 },
      { path: "images/it's odd", type: 'file', size: 2 },
      { path: 'images/null', type: 'other', size: 0 },
    ])
  })

  it('has nothing else', () => {
    expect(parseListing('\nxorriso : NOTE : x\nVolume id    : x\n')).toEqual([])
  })
})

describe('without xorriso', () => {
  it('says which package is missing', async () => {
    const ready = xorriso('/nowhere/xorriso').ready()
    await expect(ready).rejects.toThrowWithCode(MediaError, 'XORRISO_MISSING')
    await expect(ready).rejects.toMatchObject({ hint: expect.stringContaining('apt-get install xorriso') })
  })

  it('says what a failing one said', async () => {
    await expect(xorriso('false').ready()).rejects.toThrowWithCode(MediaError, 'XORRISO_FAILED')
  })
})
