import { describe, expect, it } from 'vitest'
import { EMPTY_ASSIGNMENT, specOf } from '../../../web/src/features/machines/assignment.ts'
import { formatLabels, parseLabels } from '../../../web/src/features/machines/labels.ts'
import { specRows } from '../../../web/src/features/machines/spec-rows.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'

describe('the assign dialog', () => {
  it('leaves to profiles and defaults what was left empty', () => {
    expect(specOf({ ...EMPTY_ASSIGNMENT, image: 'os/web:1' })).toEqual({})
  })

  it('means what was filled in', () => {
    const values = {
      image: '',
      hostname: ' web-01 ',
      sshKeys: 'a b\n\n c d \n',
      filesystem: 'ext4',
      diskSerial: 'S1 ',
      transport: 'nvme',
      installer: 'fedora-44',
      finish: 'kexec',
    }
    expect(specOf(values)).toEqual({
      installer: 'anaconda',
      media: 'fedora-44',
      hostname: 'web-01',
      rootSshKeys: ['a b', 'c d'],
      disks: { disk: { serial: 'S1', transport: 'nvme' }, filesystem: 'ext4' },
      finish: 'kexec',
    })
  })
})

describe('labels', () => {
  it('are lines of text and back', () => {
    expect(parseLabels('rack=r12\n\n role = web=server \nflag')).toEqual({ rack: 'r12', role: 'web=server', flag: '' })
    expect(parseLabels(formatLabels({ a: '1', b: '' }))).toEqual({ a: '1', b: '' })
  })
})

describe('the wanted spec', () => {
  it('has a row per value with its origin, nearest first, and leaves out what is empty', () => {
    const spec = MachineSpec.parse({
      image: 'os/web:1',
      disks: { filesystem: 'ext4' },
      rootSshKeys: ['ssh-ed25519 AAAA'],
    })
    const rows = specRows(spec, { image: 'profile:web', disks: 'machine', rootSshKeys: 'machine' })
    const byPath = Object.fromEntries(rows.map(({ path, value, origin }) => [path, [value, origin]]))
    expect(byPath['image']).toEqual(['os/web:1', 'profile:web'])
    expect(byPath['disks.filesystem']).toEqual(['ext4', 'machine'])
    expect(byPath['disks.espSize']).toEqual(['512 MiB', 'machine'])
    expect(byPath['engine']).toEqual(['auto', 'default'])
    expect(byPath['users']).toBeUndefined()
  })
})
