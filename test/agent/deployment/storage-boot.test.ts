import { describe, expect, it } from 'vitest'
import {
  fstabText,
  initramfsNeeds,
  rootFlags,
  storageArguments,
} from '../../../boot-assets/agent/deployment/storage-boot.ts'
import { tpm2Files } from '../../../boot-assets/agent/deployment/tpm2.ts'
import { execFileSync } from 'node:child_process'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { plan, secondDisk } from '../examples.ts'

const GIB = 2 ** 30
const planned = (disks: object) =>
  plan({}, MachineSpec.parse({ disks: { disk: { serial: 'S1' }, ...disks } }).disks, [secondDisk])
const uuidOf = (made: ReturnType<typeof plan>, mountPoint: string) =>
  made.filesystems.find(({ mounts }) => mounts.some((mount) => mount.mountPoint === mountPoint))!.uuid

describe('a plain disk', () => {
  it('needs nothing but /boot in fstab', () => {
    const made = planned({})
    expect(storageArguments(made, false)).toEqual([])
    expect(rootFlags(made)).toEqual([])
    expect(initramfsNeeds(made)).toEqual([])
    expect(fstabText(made)).toBe(`UUID=${uuidOf(made, '/boot')} /boot auto ro 0 0\n`)
  })
})

describe('layers', () => {
  it('are named to the initramfs, arrays as mdadm spells them', () => {
    const made = planned({
      scheme: 'lvm',
      raid: { level: 1, disks: [{ serial: 'S2' }] },
      encryption: { passphrase: 'very long', tpm2: true },
      volumes: [{ mount: '/var', size: GIB }],
    })
    const text = storageArguments(made, true).join('\n')
    const words = String.raw`[0-9a-f]{8}(:[0-9a-f]{8}){3}`
    const uuid = '[0-9a-f-]{36}'
    expect(text).toMatch(
      new RegExp(
        [
          `^rd.md.uuid=${words}`,
          `rd.md.uuid=${words}`,
          'rd.retry=60',
          `rd.luks.name=${uuid}=luks-${uuid}`,
          `rd.luks.options=${uuid}=tpm2-device=auto`,
          'rd.lvm.lv=system_[0-9a-f]{8}/root',
          'rd.lvm.lv=system_[0-9a-f]{8}/var$',
        ].join('\n'),
      ),
    )
    expect(text).not.toContain('very long')
    expect(storageArguments(made, false).join()).not.toContain('tpm2')
    expect(initramfsNeeds(made).map(({ module }) => module)).toEqual(['mdraid', 'crypt', 'lvm'])
  })

  it('are waited for as long as ever where an array cannot lack a disk', () => {
    const striped = planned({ raid: { level: 0, disks: [{ serial: 'S2' }] } }).layers
    const layers = striped.filter((layer) => layer.type !== 'raid' || layer.level === 0)
    expect(storageArguments({ layers }, false).join()).toMatch(/^rd\.md\.uuid=[0-9a-f:]{35}$/)
  })

  it('go into fstab by the UUIDs of the plan', () => {
    const made = planned({
      scheme: 'btrfs',
      volumes: [
        { mount: '/var', size: GIB },
        { mount: 'swap', size: GIB },
      ],
    })
    const swap = made.filesystems.find(({ filesystem }) => filesystem === 'swap')!.uuid
    expect(rootFlags(made)).toEqual(['rootflags=subvol=root'])
    expect(fstabText(made).split('\n')).toEqual([
      `UUID=${uuidOf(made, '/boot')} /boot auto ro 0 0`,
      `UUID=${uuidOf(made, '/var')} /var btrfs subvol=var 0 0`,
      `UUID=${swap} none swap defaults 0 0`,
      '',
    ])
  })
})

describe('binding to a TPM', () => {
  const made = planned({ encryption: { passphrase: 'very long', tpm2: true }, volumes: [{ mount: '/var', size: GIB }] })
  const files = tpm2Files(made, 'one-time')
  const textOf = (name: string) => {
    const file = files.find(({ path }) => path.endsWith(name))
    return file !== undefined && 'text' in file ? file.text : ''
  }

  it('has a key that only root can read, and nothing of the passphrase', () => {
    expect(files).toContainEqual({ path: 'etc/landfall-tpm2/key', text: 'one-time', mode: 0o600 })
    expect(JSON.stringify(files)).not.toContain('very long')
  })

  it('is a script that shells take, for every encrypted disk', () => {
    const script = textOf('bind.sh')
    execFileSync('sh', ['-n'], { input: script })
    for (const layer of made.layers) if (layer.type === 'luks') expect(script).toContain(layer.uuid)
    expect(made.layers.filter(({ type }) => type === 'luks')).toHaveLength(2)
  })
})
