import { describe, expect, it } from 'vitest'
import { kernelArguments } from '../../../boot-assets/agent/deployment/kernel-arguments.ts'
import type { KernelArgumentSources } from '../../../boot-assets/agent/deployment/kernel-arguments.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'

const sources: KernelArgumentSources = {
  architecture: 'amd64',
  storage: [],
  rootUuid: 'R',
  rootFlags: [],
  bootUuid: 'B',
  installConfig: [],
  kargsD: [],
  consoles: [],
  own: [],
}
const from = (change: Partial<KernelArgumentSources>) => kernelArguments({ ...sources, ...change }).join(' ')

describe('kernelArguments', () => {
  it('has root, rw and boot alone', () => {
    expect(from({})).toBe('root=UUID=R rw boot=UUID=B')
    expect(from({ bootUuid: undefined })).toBe('root=UUID=R rw')
  })

  it('says first how the root comes to be', () => {
    const change = { storage: ['rd.md.uuid=M'], rootFlags: ['rootflags=subvol=root'] }
    expect(from(change)).toBe('rd.md.uuid=M root=UUID=R rootflags=subvol=root rw boot=UUID=B')
  })

  it('follows the order of specification 1.7', () => {
    const text = from({
      installConfig: [
        { name: '10.toml', text: '[install]\nkargs = ["install"]\n[install.filesystem.root]\ntype = "xfs"' },
      ],
      kargsD: [
        { name: '20-b.toml', text: 'kargs = ["second"]' },
        { name: '10-a.toml', text: 'kargs = ["first", "a=b c"]' },
        { name: 'README', text: 'not TOML at all [' },
      ],
      consoles: ['tty0', 'ttyS0,115200'],
      own: ['own=1'],
    })
    expect(text).toBe('root=UUID=R rw boot=UUID=B install first a=b c second console=tty0 console=ttyS0,115200 own=1')
  })

  it('leaves out other architectures, under their Rust names', () => {
    const kargsD = [
      { name: '1.toml', text: 'kargs = ["arm"]\nmatch-architectures = ["aarch64"]' },
      { name: '2.toml', text: 'kargs = ["x86"]\nmatch-architectures = ["x86_64", "aarch64"]' },
    ]
    expect(from({ kargsD })).toBe('root=UUID=R rw boot=UUID=B x86')
    expect(from({ kargsD, architecture: 'arm64' })).toBe('root=UUID=R rw boot=UUID=B arm x86')
  })

  it('deletes what the image asks to, but never what a person added', () => {
    const installConfig = [{ name: '1.toml', text: '[install]\nkarg-deletes = ["quiet", "a=1", "crash"]' }]
    const kargsD = [{ name: '1.toml', text: 'kargs = ["quiet", "a=1", "a=2", "crash=on", "crashkernel=1G"]' }]
    expect(from({ installConfig, kargsD, own: ['quiet'] })).toBe('root=UUID=R rw boot=UUID=B a=2 crashkernel=1G quiet')
  })

  it('drops exact duplicates, keeping the first', () => {
    expect(from({ own: ['x', 'rw', 'x', 'x=1'] })).toBe('root=UUID=R rw boot=UUID=B x x=1')
  })

  it.each([
    ['broken TOML', 'kargs = ['],
    ['an unknown key', 'kargs = []\ntypo = 1'],
    ['a number for an argument', 'kargs = [1]'],
  ])('refuses %s', (_, text) => {
    expect(() => from({ kargsD: [{ name: '1.toml', text }] })).toThrowWithCode(AgentError, 'IMAGE_INVALID')
  })
})
