import { describe, expect, it } from 'vitest'
import { TftpError } from '../../../server/tftp/errors.ts'
import { openContent, toNetascii } from '../../../server/tftp/source.ts'

describe('openContent', () => {
  it('converts line ends for netascii, LF to CR LF, CR to CR NUL', async () => {
    const text = Buffer.from('a\nb\r\nc\r')
    expect(toNetascii(text).toString()).toBe('a\r\nb\r\0\r\nc\r\0')
    const content = await openContent(text, 'netascii')
    expect(content.size).toBe(11)
  })

  it('refuses a reader that gives less than it promised', async () => {
    const content = await openContent({ size: 100, read: async () => new Uint8Array(3) }, 'octet')
    await expect(content.read(0, 10)).rejects.toThrowWithCode(TftpError, 'SOURCE_TOO_SHORT')
  })

  it('refuses netascii of a huge file, and closes it', async () => {
    let closed = false
    const huge = { size: 2 ** 32, read: async () => new Uint8Array(), close: () => (closed = true) }
    await expect(openContent(huge, 'netascii')).rejects.toThrowWithCode(TftpError, 'TOO_LARGE')
    expect(closed).toBe(true)
  })
})
