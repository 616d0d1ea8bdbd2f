import { describe, expect, it } from 'vitest'
import { MachineSpec } from '../../../server/contract/spec.ts'

const parse = (files: readonly object[]) => MachineSpec.parse({ files }).files

describe('files of a spec', () => {
  it('are readable by all and belong to root by default', () => {
    expect(parse([{ path: '/usr/local/bin/a b', content: '' }])).toEqual([
      {
        path: '/usr/local/bin/a b',
        content: '',
        encoding: 'text',
        mode: '0644',
        user: 'root',
        group: 'root',
        secret: false,
      },
    ])
  })

  it.each([
    ['a path in the image', { path: '/usr/bin/tool' }, /the rest is the image/],
    ['a path that is relative', { path: 'etc/a' }, /must be a file below/],
    ['a way out', { path: '/etc/../usr/bin/tool' }, /\. or \.\./],
    ['a folder', { path: '/etc/app/' }, /must be a file below/],
    ['a newline', { path: '/etc/a\nb' }, /must be a file below/],
    ['passwords', { path: '/etc/shadow' }, /belongs to the system/],
    ['a mode that is none', { path: '/etc/a', mode: '0888' }, /octal/],
    ['what is not Base64', { path: '/etc/a', content: 'ä', encoding: 'base64' }, /must be Base64/],
    ['a large file', { path: '/etc/a', content: 'x'.repeat(2 ** 18 + 1) }, /larger than 256 KiB/],
  ])('are refused: %s', (_, file, message) => {
    expect(() => parse([{ content: '', ...file }])).toThrow(message)
  })

  it('are refused twice, and by their sum', () => {
    const file = { path: '/etc/a', content: 'x'.repeat(200_000) }
    expect(() => parse([file, file])).toThrow(/same path twice/)
    expect(() => parse(['a', 'b', 'c'].map((name) => ({ ...file, path: `/etc/${name}` })))).toThrow(/512 KiB together/)
  })
})

describe('what is handed through', () => {
  it.each([
    ['Butane', { ignition: 'variant: fcos\n' }, /not Butane/],
    ['user data of no kind', { cloudInit: { userData: 'hello' } }, /#cloud-config/],
    [
      'a credential twice',
      { systemdCredentials: [1, 2].map((n) => ({ name: 'a', value: `${n}` })) },
      /same name twice/,
    ],
    ['a name with a slash', { systemdCredentials: [{ name: '../a', value: '' }] }, /name of a credential/],
    [
      'a password in the address of a webhook',
      { hooks: { webhook: { url: 'https://me:pass@hooks.example/', secret: 'x'.repeat(16) } } },
      /must not hold a password/,
    ],
    ['a short key', { hooks: { webhook: { url: 'https://hooks.example/', secret: 'short' } } }, /16 characters/],
  ])('is refused: %s', (_, spec, message) => {
    expect(() => MachineSpec.parse(spec)).toThrow(message)
  })
})
