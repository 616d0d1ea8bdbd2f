import { describe, expect, it } from 'vitest'
import { describeSelector, menuVariables } from '../../../boot-assets/iso/menu.ts'
import { Medium } from '../../../server/contract/medium.ts'

const image = { repository: 'os/web', digest: `sha256:${'a'.repeat(64)}`, targetReference: 'r.example/os/web:1' }
const entry = (serial?: string) => ({
  name: 'os/web:1',
  spec: serial === undefined ? {} : { disks: { disk: { serial } } },
  image,
})
const medium = (entries: object[], server?: object) => Medium.parse({ version: 1, entries, ...(server && { server }) })

interface Install {
  id: string
  title: string
  lines: string[]
  arguments: string[]
}
const installs = (of: Medium, confirm = false) =>
  menuVariables(of, 'LANDFALL_1', confirm)['installs'] as unknown as Install[]

describe('menuVariables', () => {
  it('name what is installed and what will be wiped', () => {
    const [install, ask] = installs(medium([entry('S3Z8')]))
    expect(install).toMatchObject({ id: 'install', title: 'Install os/web:1, wiping the disk with serial S3Z8' })
    expect(install!.lines.join()).toContain('Everything on the disk with serial S3Z8 will be lost')
    expect(install!.arguments).toEqual([
      'landfall.medium=LANDFALL_1',
      'landfall.ip=none',
      'console=tty0',
      'console=ttyS0,115200',
    ])
    expect(ask!.arguments).toContain('landfall.confirm')
  })

  it('with --confirm offer nothing that writes without asking', () => {
    const offered = installs(medium([entry()]), true)
    expect(offered.map(({ id }) => id)).toEqual(['install'])
    expect(offered[0]!.title).toBe('Install os/web:1, after asking')
    expect(offered[0]!.arguments).toContain('landfall.confirm')
  })

  it('cannot say for a fleet which machine it is, but which disk if all have the same', () => {
    expect(installs(medium([entry(), entry()]))[0]!.title).toBe("Install what is this machine's, wiping the only disk")
    expect(installs(medium([entry('A'), entry('B')]))[0]!.title).toMatch(/wiping the disk chosen for it$/)
  })

  it('want a network only for a server', () => {
    const server = { url: 'https://192.0.2.1:8443', http: 'http://192.0.2.1:8080', ca: 'a'.repeat(64), token: 't' }
    expect(installs(medium([], server))[0]!.arguments).not.toContain('landfall.ip=none')
  })
})

describe('describeSelector', () => {
  it.each([
    [{}, 'the only disk'],
    [{ serial: 'S1' }, 'the disk with serial S1'],
    [{ byId: 'nvme-X' }, 'the disk nvme-X'],
    [{ transport: 'nvme' as const }, 'the only NVME disk'],
    [{ rotational: false, transport: 'sata' as const }, 'the only solid-state SATA disk'],
    [{ model: 'PM9A3' }, 'the only disk of model PM9A3'],
    [{ minSize: 1e12 }, 'the only disk of the wanted size'],
  ])('%j is %s', (selector, text) => {
    expect(describeSelector(selector)).toBe(text)
  })
})
