import { describe, expect, it } from 'vitest'
import { beginsBootloader, bootcArguments } from '../../../boot-assets/agent/bootc/arguments.ts'
import { chooseEngine } from '../../../boot-assets/agent/bootc/engine.ts'
import {
  giveBackScratch,
  mountScratch,
  scratchSize,
  unpackedEstimate,
} from '../../../boot-assets/agent/bootc/scratch.ts'
import type { Target } from '../../../boot-assets/agent/disk/target.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import type { RunOptions } from '../../../boot-assets/agent/sys/command.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import type { ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import { withScratch } from '../../../server/plan/scratch.ts'
import { plan } from '../examples.ts'

const GIB = 2 ** 30
const WISH = {
  source: 'docker://192.0.2.1:8443/os/web@sha256:ab',
  target: 'r.example/os/web:1',
  kernelArguments: ['console=tty0', 'quiet'],
  composefs: false,
  root: '/run/target',
}
const OLD_HELP = 'Options:\n  --source-imgref <X>\n  --target-imgref <X>\n  --karg <KARG>\n  --skip-fetch-check\n'
const NEW_HELP = `${OLD_HELP}  --stateroot <S>\n  --skip-finalize\n  --composefs-backend\n`

describe('the command line of bootc', () => {
  it('pins what is installed, names what is followed, and adds kernel arguments', () => {
    expect(bootcArguments(NEW_HELP, WISH).join(' ')).toBe(
      'install to-filesystem --source-imgref docker://192.0.2.1:8443/os/web@sha256:ab --target-imgref r.example/os/web:1 ' +
        '--skip-fetch-check --stateroot default --skip-finalize --karg console=tty0 --karg quiet /run/target',
    )
  })

  it('leaves out what an older one does not know and can be done without', () => {
    const args = bootcArguments(OLD_HELP, WISH)
    expect(args).not.toContain('--stateroot')
    expect(args).toContain('--skip-fetch-check')
  })

  it.each([
    ['a bootc that cannot be told its source', 'Options:\n  --karg <K>\n', WISH, /--source-imgref, --target-imgref/],
    ['a bootc without composefs', OLD_HELP, { ...WISH, composefs: true }, /does not know --composefs-backend/],
  ])('is refused: %s', (_, help, wish, message) => {
    expect(() => bootcArguments(help, wish)).toThrowWithCode(AgentError, 'IMAGE_UNSUPPORTED')
    expect(() => bootcArguments(help, wish)).toThrow(message)
  })

  it.each([
    ['Installing bootloader via bootupd', true],
    ['Running bootupctl to install bootloader', true],
    ['Deploying container image...done (5 seconds)', false],
    ['layers already present: 0; layers needed: 68 (685.2 MB)', false],
  ])('has output that tells where it is: %s', (line, begins) => {
    expect(beginsBootloader(line)).toBe(begins)
  })
})

describe('the engine', () => {
  const labelled = (value: string) => ({ config: { Labels: { 'containers.bootc': value } } }) as unknown as ImageConfig

  it.each([
    ['auto', '1', 'ostree'],
    ['auto', 'sealed', 'bootc'],
    ['ostree', 'sealed', 'ostree'],
    ['bootc', '1', 'bootc'],
  ] as const)('%s for an image labelled %s is %s', (wanted, label, engine) => {
    expect(chooseEngine(wanted, labelled(label))).toBe(engine)
  })
})

describe('room for the image', () => {
  const layers = (...sizes: number[]) => ({
    layers: sizes.map((size) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: '', size })),
  })
  const host = (availableKib: number, ran: string[] = []) =>
    ({
      read: async (path: string) => (path === '/proc/meminfo' ? `MemAvailable:   ${availableKib} kB\n` : undefined),
      run: async (command: string, args: readonly string[], { input = '' }: RunOptions = {}) =>
        void ran.push([command, ...args, ...(input && ['<', input.trim()])].join(' ')),
    }) as unknown as Host
  const FOLDER = '/tmp/landfall-scratch-test'
  const onDisk = (made: StoragePlan): Target => {
    const devices = new Map(made.disks[0]!.partitions.map(({ id, number }) => [id, `/dev/vda${number}`]))
    return { plan: made, devices: devices.set('disk1', '/dev/vda'), mountPoint: '/target', volumes: '/volumes' }
  }

  it('is memory where the image fits, else a part of the disk with a margin', async () => {
    const manifest = layers(0.7 * GIB) as unknown as Manifest
    expect(await scratchSize(host(8 * 2 ** 20), manifest)).toBeUndefined()
    expect(await scratchSize(host(2 * 2 ** 20), manifest)).toBe(Math.ceil(0.7 * GIB * 2.6 * 1.25))
  })

  it('counts layers that are not compressed as they are', () => {
    const [plain] = layers(GIB).layers.map((layer) => ({
      ...layer,
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
    }))
    expect(unpackedEstimate({ layers: [plain!] })).toBe(GIB)
  })

  it('never takes the memory that programs need', async () => {
    const ran: string[] = []
    await mountScratch(host(4 * 2 ** 20, ran), onDisk(plan()), FOLDER)
    const size = 4 * GIB - 640 * 2 ** 20
    expect(ran).toEqual([`mount -t tmpfs -o size=${size},mode=0755,nr_inodes=0 tmpfs ${FOLDER}`])
  })

  it('is a file system of its own where the plan has one', async () => {
    const ran: string[] = []
    await mountScratch(host(2 ** 20, ran), onDisk(withScratch(plan(), 4 * GIB, 'seed') as StoragePlan), FOLDER)
    expect(ran).toEqual([
      'mkfs.ext4 -q -F -O ^has_journal -m 0 -i 8192 /dev/vda5',
      `mount -t ext4 -o noatime /dev/vda5 ${FOLDER}`,
    ])
  })

  it.each([
    ['xfs', 'xfs_growfs /target'],
    ['ext4', 'resize2fs /dev/vda4'],
    ['btrfs', 'btrfs filesystem resize max /target'],
  ] as const)('goes back to a root of %s in the end', async (filesystem, grows) => {
    const lasting = plan({}, MachineSpec.parse({ disks: { filesystem } }).disks)
    const ran: string[] = []
    const made = withScratch(lasting, 4 * GIB, 'seed') as StoragePlan
    await giveBackScratch(host(2 ** 20, ran), onDisk(made), lasting)
    const sfdisk = 'sfdisk --quiet --force --no-reread --no-tell-kernel'
    expect(ran).toEqual([
      'wipefs --all --force --quiet /dev/vda5',
      `${sfdisk} --delete /dev/vda 5`,
      'partx --delete --nr 5 /dev/vda',
      `${sfdisk} -N 4 /dev/vda < , ${lasting.disks[0]!.partitions[3]!.size / 512}`,
      'partx --update --nr 4 /dev/vda',
      grows,
    ])
  })

  it('needs nothing back where it was memory', async () => {
    const ran: string[] = []
    await giveBackScratch(host(2 ** 20, ran), onDisk(plan()), plan())
    expect(ran).toEqual([])
  })
})
