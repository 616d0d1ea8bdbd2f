import { describe, expect, it } from 'vitest'
import { parseArguments, parseBootif } from '../../boot-assets/agent/arguments.ts'
import { AgentError } from '../../boot-assets/agent/errors.ts'

const CA = 'ab'.repeat(32)
const LINE = `initrd=initrd.img landfall.url=https://192.0.2.1:8443 landfall.http=http://192.0.2.1:8080 landfall.ca=${CA} landfall.token=t0ken BOOTIF=01-52-54-00-AA-bb-cc quiet`

describe('parseArguments', () => {
  it('reads what the boot script set', () => {
    expect(parseArguments(LINE)).toEqual({
      bootMac: '52:54:00:aa:bb:cc',
      source: {
        kind: 'server',
        url: 'https://192.0.2.1:8443',
        http: 'http://192.0.2.1:8080',
        ca: CA,
        token: 't0ken',
      },
    })
  })

  it('takes the last of several, quoted values and a trailing slash', () => {
    const line = `${LINE} "landfall.token=second" landfall.url=https://[2001:db8::1]:8443/`
    expect(parseArguments(line)).toMatchObject({
      source: { token: 'second', url: 'https://[2001:db8::1]:8443' },
    })
  })

  it.each([
    ['landfall.medium=LANDFALL_1A2B quiet', false],
    ['landfall.confirm landfall.medium=LANDFALL_1A2B', true],
  ])('needs no server when a medium started the machine: %s', (line, confirm) => {
    const source = { kind: 'medium', label: 'LANDFALL_1A2B', confirm }
    expect(parseArguments(line)).toEqual({ bootMac: undefined, source })
  })

  it.each([
    ['nothing', ''],
    ['a label that would need escaping', 'landfall.medium=a/b'],
    ['plain HTTP for the agent', LINE.replace('https://', 'http://')],
    ['a short fingerprint', LINE.replace(CA, 'abcd')],
    ['no token', LINE.replace('landfall.token=t0ken', '')],
    ['a path in the URL', LINE.replace(':8443', ':8443/x')],
  ])('refuses %s', (_, line) => {
    expect(() => parseArguments(line)).toThrowWithCode(AgentError, 'INTERNAL')
  })

  it('does not show the token', () => {
    expect(() => parseArguments(LINE.replace('t0ken', ''))).toThrow(/landfall\.token=…/)
  })
})

describe('parseBootif', () => {
  it.each([
    ['01-52-54-00-12-34-56', '52:54:00:12:34:56'],
    ['52:54:00:12:34:56', '52:54:00:12:34:56'],
    ['01:52:54:00:12:34:56', '52:54:00:12:34:56'],
    ['garbage', undefined],
    [undefined, undefined],
  ])('%s is %s', (text, mac) => {
    expect(parseBootif(text)).toBe(mac)
  })
})
