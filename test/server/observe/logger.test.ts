import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../server/observe/logger.ts'
import type { LoggerOptions } from '../../../server/observe/logger.ts'

function capture(options: LoggerOptions = {}) {
  const lines: string[] = []
  const logger = createLogger({ ...options, destination: { write: (line) => void lines.push(line) } })
  return { logger, lines }
}

describe('createLogger', () => {
  it('writes one JSON object per line: ISO time, level by name, part, fields', () => {
    const { logger, lines } = capture()
    logger.child({ part: 'dhcp' }).warn({ subnet: '192.0.2.0/24' }, 'pool is exhausted')
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      part: 'dhcp',
      subnet: '192.0.2.0/24',
      msg: 'pool is exhausted',
    })
  })

  it.each([
    ['a token field', { token: 'hush' }],
    ['a nested header', { req: { headers: { authorization: 'Bearer hush', cookie: 'a=hush' } } }],
    ['a nested secret', { created: { secret: 'hush' } }],
    ['a bearer in a text', { text: 'sent Authorization: Bearer hush' }],
    ['a kernel command line', { arguments: 'quiet landfall.token=hush BOOTIF=01' }],
    ['a URL', { url: 'https://h/x?a=1&token=hush&b=2' }],
    ['credentials in a URL', { url: 'https://user:hush@registry.example/v2/' }],
  ])('does not write %s', (_, fields) => {
    const { logger, lines } = capture()
    logger.info(fields, 'hello')
    expect(lines[0]).toContain('[redacted]')
    expect(lines[0]).not.toContain('hush')
    JSON.parse(lines[0]!)
  })

  it('writes readable lines on request, with the stack of an error below', () => {
    const { logger, lines } = capture({ pretty: true })
    logger.child({ part: 'http' }).error({ err: new Error('no luck'), port: 80, what: 'two words' }, 'could not listen')
    expect(lines[0]).toMatch(
      /^[\d:.]{12} ERROR http {5}could not listen port=80 what="two words"\n {4}Error: no luck\n/,
    )
  })
})
