import { describe, expect, it } from 'vitest'
import { layerSteps } from '../../../boot-assets/agent/disk/layers.ts'
import type { Keys, Secrets } from '../../../boot-assets/agent/disk/layers.ts'
import { newRecoveryKey } from '../../../boot-assets/agent/disk/keys.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import type { DiskLayout } from '../../../server/contract/spec-disks.ts'
import { plan, secondDisk } from '../examples.ts'

const MIB = 2 ** 20

/** What is run for all layers of a layout, UUIDs replaced by U, standard input behind `<`; and where the layers are then. */
function run(disks: Partial<DiskLayout> | object, keys?: Keys): { ran: string[]; devices: Record<string, string> } {
  const made = plan({}, MachineSpec.parse({ disks }).disks, [secondDisk])
  const devices: Record<string, string> = Object.fromEntries(
    made.disks.flatMap((one) => one.partitions.map(({ id, number }) => [id, `/dev/${one.disk.name}${number}`])),
  )
  const ran: string[] = []
  for (const layer of made.layers) {
    const { commands, device } = layerSteps(layer, made, (id) => devices[id]!, { keys, opening: new Map() })
    for (const { command, input } of commands) ran.push([...command, ...(input ? ['<', input] : [])].join(' '))
    if (device !== undefined) devices[layer.id] = device
  }
  const short = (text: string) =>
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'U')
      .replace(/system_[0-9a-f]{8}/g, 'system_X')
      .replace(/ --config activation .*? --devices/, ' --devices')
  return {
    ran: ran.map(short),
    devices: Object.fromEntries(Object.entries(devices).map(([id, path]) => [id, short(path)])),
  }
}

const MIRROR = { scheme: 'raid1', disk: { serial: 'S1' }, mirror: { serial: 'S2' } }
const ONE = { disk: { serial: 'S1' } }

describe('layerSteps', () => {
  it('makes arrays that firmware and GRUB read, with the UUIDs of the plan', () => {
    const { ran, devices } = run(MIRROR)
    const common = '--run --quiet --level 1 --raid-devices 2 --metadata'
    expect(ran).toEqual([
      `mdadm --create /dev/md/boot ${common} 1.0 --uuid U --name boot --homehost any --bitmap internal /dev/vda3 /dev/vdb3`,
      `mdadm --create /dev/md/root ${common} 1.2 --uuid U --name root --homehost any --bitmap internal --data-offset 16384K /dev/vda4 /dev/vdb4`,
    ])
    expect(devices['raid/root']).toBe('/dev/md/root')
  })

  it('asks for no bitmap where there is nothing to repair', () => {
    const { ran } = run({ ...ONE, raid: { level: 0, disks: [{ serial: 'S2' }] } })
    expect(ran[1]).not.toContain('--bitmap')
  })

  it('opens encrypted disks by the passphrase, and hands keys over on standard input alone', () => {
    const { ran, devices } = run({ ...ONE, encryption: { passphrase: 'long enough' } }, ['long enough', 'another'])
    const pbkdf = '--pbkdf argon2id --pbkdf-memory 262144'
    expect(ran).toEqual([
      `cryptsetup luksFormat --type luks2 --batch-mode --uuid U --key-slot 0 ${pbkdf} /dev/vda4 < long enough\n`,
      `cryptsetup luksAddKey --batch-mode --key-slot 1 ${pbkdf} /dev/vda4 < long enough\nanother\n`,
      'cryptsetup open --type luks2 /dev/vda4 luks-U < long enough\n',
    ])
    expect(devices['luks/root']).toBe('/dev/mapper/luks-U')
  })

  it('sees no volumes but those of the plan', () => {
    const { ran, devices } = run({
      ...ONE,
      scheme: 'lvm',
      rootSize: 4096 * MIB,
      volumes: [{ mount: '/var/my-data', size: MIB * 64 }],
    })
    expect(ran).toEqual([
      'lvm pvcreate --yes --quiet --devices /dev/vda4 --force --force /dev/vda4',
      'lvm vgcreate --yes --quiet --devices /dev/vda4 system_X /dev/vda4',
      `lvm lvcreate --yes --quiet --devices /dev/vda4 --wipesignatures y --size ${4096 * MIB}b --name root system_X`,
      `lvm lvcreate --yes --quiet --devices /dev/vda4 --wipesignatures y --size ${64 * MIB}b --name var_my-data system_X`,
    ])
    expect(devices['volume/var_my-data']).toBe('/dev/mapper/system_X-var_my--data')
  })

  it('makes thin volumes in a pool', () => {
    const { ran } = run({ ...ONE, scheme: 'lvm', thin: true, rootSize: 4096 * MIB })
    expect(ran.slice(2)).toEqual([
      expect.stringMatching(/--type thin-pool --size \d+b --poolmetadatasize 67108864b --name pool system_X$/),
      expect.stringMatching(/--type thin --virtualsize \d+b --thinpool pool --name root system_X$/),
    ])
  })

  it('has no key to make up', () => {
    expect(() => run({ ...ONE, encryption: { passphrase: 'long enough' } })).toThrow('there is no key')
  })
})

it('keys are letters of every keyboard layout', () => {
  expect(newRecoveryKey()).toMatch(/^([cbdefghijklnrtuv]{8}-){7}[cbdefghijklnrtuv]{8}$/)
  expect(newRecoveryKey()).not.toBe(newRecoveryKey())
})

describe('layers that stay', () => {
  const keep = (disks: object, secrets: Secrets = { keys: undefined, opening: new Map() }) => {
    const made = plan({}, MachineSpec.parse({ disks }).disks, [secondDisk])
    const devices = new Map(
      made.disks.flatMap((one) => one.partitions.map(({ id, number }) => [id, `/dev/${one.disk.name}${number}`])),
    )
    return made.layers.flatMap((layer) => {
      const stays = { ...layer, kept: true, ...(layer.type === 'volume-group' && { remove: ['root', 'old'] }) }
      const uuid = 'uuid' in layer ? layer.uuid : ''
      const opening = new Map([...secrets.opening].map(([, key]) => [uuid, key]))
      const { commands, device } = layerSteps(stays, made, (id) => devices.get(id)!, {
        ...secrets,
        opening,
      })
      if (device !== undefined) devices.set(layer.id, device)
      return commands.map(({ command, input }) =>
        [...command, ...(input ? ['<', input] : [])]
          .join(' ')
          .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'U')
          .replace(/system_[0-9a-f]{8}/g, 'system_X')
          .replace(/ --config activation .*? --devices/, ' --devices'),
      )
    })
  }

  it('arrays are put together of all their parts, and never made', () => {
    expect(keep(MIRROR)[1]).toBe('mdadm --assemble /dev/md/root --quiet --uuid U /dev/vda4 /dev/vdb4')
  })

  it('encryption is opened by what opened it before, and takes the keys of this install', () => {
    const secrets: Secrets = { keys: ['the new one', 'recovery'], opening: new Map([['', 'old one']]) }
    const pbkdf = '--pbkdf argon2id --pbkdf-memory 262144'
    expect(keep({ ...ONE, encryption: { passphrase: 'the new one' } }, secrets)).toEqual([
      'cryptsetup open --type luks /dev/vda4 luks-U < old one\n',
      `cryptsetup luksAddKey --batch-mode ${pbkdf} /dev/vda4 < old one\nthe new one\n`,
      `cryptsetup luksAddKey --batch-mode ${pbkdf} /dev/vda4 < old one\nrecovery\n`,
    ])
    expect(() => keep({ ...ONE, encryption: { passphrase: 'the new one' } })).toThrow(/there is no key for it/)
  })

  it('groups lose the volumes that do not stay, and nothing else', () => {
    const devices = '--devices /dev/vda4'
    expect(keep({ ...ONE, scheme: 'lvm', thin: true })).toEqual([
      `lvm lvremove --yes --quiet ${devices} --force system_X/root`,
      `lvm lvremove --yes --quiet ${devices} --force system_X/old`,
      `lvm lvchange --yes --quiet ${devices} --activate y --ignoreactivationskip system_X/root`,
    ])
  })
})
