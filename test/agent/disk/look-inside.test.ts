// What is asked of mdadm, cryptsetup and lvm, and what their answers come to; with the real ones: test/e2e/kept.test.ts.
import { describe, expect, it } from 'vitest'
import { lookInside } from '../../../boot-assets/agent/disk/look-inside.ts'
import { CommandError } from '../../../boot-assets/agent/sys/command.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { PartitionFacts } from '../../../server/contract/facts.ts'
import { disk, secondDisk } from '../examples.ts'

const ARRAY = 'aaaaaaaa-1111-4111-8111-111111111111'
const LUKS = 'bbbbbbbb-1111-4111-8111-111111111111'
const FILESYSTEM = 'cccccccc-1111-4111-8111-111111111111'
const EXAMINED = `MD_LEVEL=raid1\nMD_DEVICES=2\nMD_METADATA=1.2\nMD_UUID=aaaaaaaa:11114111:81111111:11111111\n`
const HEADER =
  'Version:       \t2\nKeyslots:\n  0: luks2\n\tKey:        512 bits\n  1: luks2\nTokens:\n  0: systemd-tpm2\n'

function partition(filesystem: string, filesystemUuid: string): PartitionFacts {
  return { number: 5, start: 2 ** 30, size: 2 ** 30, name: 'var', filesystem, filesystemUuid }
}

interface Scene {
  /** Answers by the beginning of a command line. */
  answers?: Record<string, string>
  /** The key that opens what is encrypted. */
  key?: string
  degraded?: number
}

function scene({ answers = {}, key, degraded = 0 }: Scene = {}) {
  const ran: string[] = []
  const host = {
    run: async (command: string, args: readonly string[] = [], { input }: { input?: string } = {}) => {
      const line = [command, ...args].join(' ')
      ran.push(line.replace(/ --config .*? --devices/, ' --devices'))
      if (line.startsWith('cryptsetup open') && input !== `${key}\n`) {
        throw new CommandError('exit', [command, ...args], 'exit code 2', 'No key available', { exitCode: 2 })
      }
      const [, stdout = ''] =
        [...Object.entries(answers), ['blockdev --getsize64', `${2 ** 20}\n`] as const].find(([start]) =>
          line.startsWith(start),
        ) ?? []
      return { stdout, stderr: '', exitCode: 0 }
    },
    read: async (path: string) => (path.endsWith('/degraded') ? String(degraded) : undefined),
    list: async () => [],
    resolve: async (path: string) => (path.startsWith('/dev/md/') ? '/dev/md127' : path),
  } as unknown as Host
  const look = async (places: Parameters<typeof lookInside>[0]['places'], keys: string[] = [], newKeys = 1) => {
    const { insides, opening } = await lookInside({ host, places, volumes: ['var'], keys, newKeys, say: () => {} })
    return { inside: insides.get('vda 5'), insides, opening }
  }
  return { ran, look }
}

const members = [disk, secondDisk].map((one) => ({ disk: one, partition: partition('linux_raid_member', ARRAY) }))
const sealed = [{ disk, partition: partition('crypto_LUKS', LUKS) }]

describe('lookInside', () => {
  it('puts an array together for reading alone, and tells of each part what is in the whole', async () => {
    const blkid = { 'blkid --probe --output export /dev/md127': `TYPE=xfs\nUUID=${FILESYSTEM}\n` }
    const { ran, look } = scene({ answers: { 'mdadm --examine': EXAMINED, ...blkid } })
    const { insides } = await look(members)
    expect(ran).toContain(`mdadm --assemble /dev/md/aaaaaaaa --quiet --readonly --uuid ${ARRAY} /dev/vda5 /dev/vdb5`)
    expect([...insides.keys()]).toEqual(['vda 5', 'vdb 5'])
    expect(insides.get('vdb 5')).toMatchObject({
      array: { uuid: ARRAY, level: 1, disks: 2 },
      opened: { kind: 'xfs', uuid: FILESYSTEM, size: 2 ** 20 },
    })
  })

  it('starts no array that lacks a disk, and trusts none that says so', async () => {
    const half = scene({ answers: { 'mdadm --examine': EXAMINED } })
    const { inside } = await half.look(members.slice(0, 1))
    expect(inside?.problem).toMatchObject({ code: 'DISK_LAYOUT', text: 'its array lacks 1 of 2 disks' })
    expect(half.ran.filter((line) => line.includes('--assemble'))).toEqual([])
    const { look } = scene({ answers: { 'mdadm --examine': EXAMINED }, degraded: 1 })
    expect((await look(members)).inside).toMatchObject({ problem: { text: 'its array lacks 1 of 2 disks' } })
  })

  it('tries one key after the other, for reading alone, and keeps to itself which one fits', async () => {
    const blkid = { [`blkid --probe --output export /dev/mapper/luks-${LUKS}`]: `TYPE=ext4\nUUID=${FILESYSTEM}\n` }
    const { ran, look } = scene({ answers: { 'cryptsetup luksDump': HEADER, ...blkid }, key: 'the old one' })
    const { inside, opening } = await look(sealed, ['the new one', 'the old one', 'another'])
    expect(ran.filter((line) => line.startsWith('cryptsetup open'))).toHaveLength(2)
    expect(ran).toContain(`cryptsetup open --type luks --readonly --tries 1 /dev/vda5 luks-${LUKS}`)
    expect(inside).toMatchObject({ kind: 'crypto_LUKS', opened: { kind: 'ext4', uuid: FILESYSTEM } })
    expect([...opening]).toEqual([[LUKS, 'the old one']])
    expect(JSON.stringify([ran, inside])).not.toContain('the old one')
  })

  it('says what is locked, and what has no room for further keys', async () => {
    const { look } = scene({ answers: { 'cryptsetup luksDump': HEADER } })
    expect((await look(sealed, ['a wrong key'])).inside?.problem).toMatchObject({ code: 'DISK_LOCKED' })
    expect((await look(sealed, ['a wrong key'], 31)).inside?.problem).toMatchObject({
      code: 'DISK_LOCKED',
      text: '2 of its 32 key slots are taken, and the keys of this install do not fit',
    })
  })

  it('reads a volume group, and of its volumes those that are asked for', async () => {
    const group = { vg_name: 'system_a', vg_size: '1069547520', vg_extent_size: '4194304', pv_count: '1' }
    const volumes = [
      { lv_name: 'pool', lv_size: '600000000', lv_layout: 'thin,pool', pool_lv: '' },
      { lv_name: 'root', lv_size: '400000000', lv_layout: 'thin,sparse', pool_lv: 'pool' },
      { lv_name: 'var', lv_size: '200000000', lv_layout: 'thin,sparse', pool_lv: 'pool' },
    ]
    const { ran, look } = scene({
      answers: {
        'lvm vgs': JSON.stringify({ report: [{ vg: [group] }] }),
        'lvm lvs': JSON.stringify({ report: [{ lv: volumes }] }),
        'blkid --probe --output export /dev/mapper/system_a-var': `TYPE=xfs\nUUID=${FILESYSTEM}\n`,
      },
    })
    const { inside } = await look([{ disk, partition: partition('LVM2_member', 'lvm') }])
    expect(inside?.group).toMatchObject({
      name: 'system_a',
      size: 1069547520,
      extent: 4194304,
      volumes: [
        { name: 'pool', layout: 'pool', pool: undefined, inside: undefined },
        { name: 'root', layout: 'thin', pool: 'pool', inside: undefined },
        { name: 'var', layout: 'thin', pool: 'pool', inside: { kind: 'xfs', uuid: FILESYSTEM } },
      ],
    })
    expect(ran.filter((line) => line.startsWith('lvm lvchange'))).toEqual([
      'lvm lvchange --activate y --ignoreactivationskip --quiet --devices /dev/vda5 system_a/var',
    ])
  })

  it('asks nothing of machines on which nothing stays', async () => {
    const { ran, look } = scene()
    await look([])
    expect(ran).toEqual([])
  })
})
